#include "s4l/apps/settings/rows.h"

namespace s4l::apps {

std::vector<Row> network_rows() {
  const std::string s = "network";
  return {
      Row(s, kCommon, "model", "NAME", &RunOptions::model, "one of `s4l list models`").aliases({"net", "architecture"}),
      Row(s, kCommon, "img-size", "N", &RunOptions::img_size, "side of the pictures; 0: the model's")
          .aliases({"imgsz"}),
      Row(s, kRare, "width", "X", &RunOptions::width, "factor of the numbers of channels"),
      Row(s, kRare, "zero-heads", "", &RunOptions::zero_heads, "start the heads' weights at 0"),
      Row(s, kRare, "bn-momentum", "X", &RunOptions::bn_momentum,
          "of batch norm's running statistics; 0: 0.99, less in short runs"),
  };
}

}  // namespace s4l::apps
