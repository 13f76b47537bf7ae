#include "s4l/data/transforms/parser.h"

#include <algorithm>
#include <string_view>

#include "s4l/core/error.h"

namespace s4l::data {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

/// A part of the pipeline's text that knows where it stands in it.
struct Piece {
  std::string_view text;
  std::size_t place;

  Piece part(std::size_t from, std::size_t count = std::string_view::npos) const {
    return {text.substr(from, count), place + from};
  }
  Piece trimmed() const {
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return part(0, 0);
    return part(first, text.find_last_not_of(kSpace) - first + 1);
  }
  std::string string() const { return std::string(text); }
};

std::vector<Piece> split(Piece piece, char separator) {
  std::vector<Piece> pieces;
  for (std::size_t from = 0;;) {
    const std::size_t to = piece.text.find(separator, from);
    if (to == std::string_view::npos) {
      pieces.push_back(piece.part(from).trimmed());
      return pieces;
    }
    pieces.push_back(piece.part(from, to - from).trimmed());
    from = to + 1;
  }
}

ArgumentText parse_argument(const std::string& text, Piece piece) {
  const std::size_t equals = piece.text.find('=');
  const Piece key = piece.part(0, equals == std::string_view::npos ? 0 : equals).trimmed();
  const Piece value = equals == std::string_view::npos ? piece : piece.part(equals + 1).trimmed();
  if (value.text.empty() || (equals != std::string_view::npos && key.text.empty()))
    fail_at(text, piece.place, "expected a value or key=value");
  return {key.string(), value.string(), piece.place};
}

OperationText parse_operation(const std::string& text, Piece piece) {
  const std::size_t open = piece.text.find('(');
  const Piece name = piece.part(0, open).trimmed();
  if (name.text.empty()) fail_at(text, piece.place, "expected the name of an operation");
  OperationText operation{name.string(), {}, name.place};
  if (open == std::string_view::npos) return operation;
  if (piece.text.find_first_of("()", open + 1) != piece.text.size() - 1 || piece.text.back() != ')')
    fail_at(text, piece.place + open, "expected one pair of parentheses that ends the operation");
  const Piece arguments = piece.part(open + 1, piece.text.size() - open - 2).trimmed();
  if (arguments.text.empty()) return operation;
  for (const Piece& argument : split(arguments, ',')) operation.arguments.push_back(parse_argument(text, argument));
  return operation;
}

}  // namespace

std::vector<OperationText> parse_pipeline(const std::string& text) {
  std::vector<OperationText> operations;
  for (const Piece& piece : split({text, 0}, '|')) operations.push_back(parse_operation(text, piece));
  return operations;
}

void fail_at(const std::string& text, std::size_t place, const std::string& message) {
  const auto is_first_byte = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };  // of a character
  const auto before = std::count_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(place), is_first_byte);
  std::string line = fill_in("pipeline \"{}\": at character {}: {}", {text, to_text(before + 1), message});
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  throw Error(line);
}

}  // namespace s4l::data
