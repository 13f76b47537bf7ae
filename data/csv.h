#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace s4l::data {

struct CsvRow {
  std::int64_t line = 0;  ///< where it begins, the first line being 1
  std::vector<std::string> fields;
};

/// The rows of comma-separated text (RFC 4180; LF alone ends a row too). Throws Error(data) naming the line of an
/// unclosed or misplaced quote.
std::vector<CsvRow> parse_csv(std::string_view text);
/// The same, one row at a time.
void parse_csv(std::string_view text, const std::function<void(CsvRow&)>& visit);
/// The text behind the byte order mark that spreadsheets put before it.
std::string_view without_byte_order_mark(std::string_view text);
/// `text` as one field: in quotes where it holds a comma, a quote or a line end.
std::string csv_field(std::string_view text);

}  // namespace s4l::data
