// Any bytes are CSV or an error of kind data; what was read is written so that it reads back the same.
#include "s4l/data/csv.h"

#include <cstdlib>

#include "s4l/core/error.h"

using namespace s4l;
using namespace s4l::data;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  std::vector<CsvRow> rows;
  try {
    rows = parse_csv({reinterpret_cast<const char*>(bytes), count});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) std::abort();
    return 0;
  }
  std::string text;
  for (const CsvRow& row : rows) {
    for (std::size_t i = 0; i < row.fields.size(); ++i) text += (i == 0 ? "" : ",") + csv_field(row.fields[i]);
    text += '\n';
  }
  const std::vector<CsvRow> again = parse_csv(text);
  if (again.size() != rows.size()) std::abort();
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (again[i].fields != rows[i].fields) std::abort();
  return 0;
}
