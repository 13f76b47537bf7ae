#include "s4l/methods/report/html.h"
#include "s4l/methods/report/svg.h"

namespace s4l::methods::html {

std::string style() {
  return svg_style() + R"(
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--text:#14181d;--soft:#4a5560;--edge:#dde2e7;
  --accent:#0b62c4}
@media (prefers-color-scheme:dark){:root{--page:#0e1115;--card:#171b20;--text:#e8edf2;--soft:#a9b4bf;--edge:#2b323a;
  --accent:#6cb2ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,"Segoe UI",Helvetica,Arial,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px}h2{font-size:18px;margin:0 0 12px}
h3{font-size:15px;margin:16px 0 8px}
p{margin:0 0 10px;max-width:76ch}.soft{color:var(--soft)}
section{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:18px 20px;margin:18px 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:14px;margin:20px 0}
.card{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:14px 16px}
.card b{display:block;font-size:27px;line-height:1.2;font-variant-numeric:tabular-nums}
.card.first b{color:var(--accent)}
.plots{display:flex;flex-wrap:wrap;align-items:flex-start;gap:22px}.plot{max-width:100%;height:auto}
.wide{overflow-x:auto}table{border-collapse:collapse;min-width:50%;font-variant-numeric:tabular-nums}
th,td{padding:5px 14px 5px 0;border-bottom:1px solid var(--edge);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600}.numbers td+td,.numbers th+th{text-align:right}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0}dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:14px}
figure{margin:0;font-size:13px;line-height:1.35;overflow-wrap:anywhere}
figure img{width:96px;height:96px;object-fit:contain;image-rendering:pixelated;display:block;margin-bottom:4px;
  border-radius:4px;background:var(--page)}
figure.photo img{image-rendering:auto}.sheet{max-width:100%;border-radius:4px}
pre{overflow-x:auto;font-size:12.5px;background:var(--page);padding:12px;border-radius:6px}
summary{cursor:pointer;font-weight:600}
code{font-size:13px;overflow-wrap:anywhere}
)";
}

}  // namespace s4l::methods::html
