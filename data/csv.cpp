#include "s4l/data/csv.h"

#include <algorithm>

#include "s4l/core/error.h"

namespace s4l::data {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool done() const { return at_ == text_.size(); }

  CsvRow row() {
    CsvRow row{line_, {}};
    do row.fields.push_back(next_is('"') ? quoted() : plain());
    while (take(','));
    take('\r');
    if (!take('\n') && !done()) fail(ErrorKind::data, "csv line {}: expected a comma after the closing quote", line_);
    return row;
  }

 private:
  bool next_is(char c) const { return !done() && text_[at_] == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    ++at_;
    if (c == '\n') ++line_;
    return true;
  }

  std::string plain() {
    const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    const std::string_view field = text_.substr(at_, end - at_);
    if (field.find('"') != field.npos)
      fail(ErrorKind::data, "csv line {}: expected the field in quotes, with its quotes doubled, got {}", line_, field);
    at_ = end;
    return std::string(field);
  }

  std::string quoted() {
    const std::int64_t begin = line_;
    std::string field;
    take('"');
    while (!take('"') || next_is('"')) {  // two quotes are one
      if (done()) fail(ErrorKind::data, "csv line {}: expected a closing quote, got the end of the text", begin);
      field += text_[at_];
      take(text_[at_]);
    }
    return field;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

}  // namespace

std::vector<CsvRow> parse_csv(std::string_view text) {
  std::vector<CsvRow> rows;
  parse_csv(text, [&](CsvRow& row) { rows.push_back(std::move(row)); });
  return rows;
}

void parse_csv(std::string_view text, const std::function<void(CsvRow&)>& visit) {
  for (Reader reader(text); !reader.done();) {
    CsvRow row = reader.row();
    visit(row);
  }
}

std::string_view without_byte_order_mark(std::string_view text) {
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? std::string(2, c) : std::string(1, c);
  return field + '"';
}

}  // namespace s4l::data
