#pragma once
#include <string>
#include <vector>

namespace s4l::apps {

/// Columns of text: every column as wide as its widest cell, two blanks between, no blanks at the end of a line.
class Table {
 public:
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// 2000 as "2,000".
std::string with_commas(long long number);
/// A share as per cent: 0.8641 as "86.4 %".
std::string percent(double share);
/// 52 as "0:52", 7384 as "2:03:04".
std::string clock(double seconds);
/// 1 as "1 label", 2 as "2 labels", 2000 as "2,000 labels".
std::string counted(long long number, const std::string& noun);

}  // namespace s4l::apps
