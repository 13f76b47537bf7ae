// Parts of report.html.
#pragma once
#include <string>
#include <vector>

#include "s4l/methods/report/report.h"

namespace s4l::methods::html {

/// The page's CSS, that of its drawings included.
std::string style();

std::string section(const std::string& title, const std::string& body);
/// A table; cells are text, not markup. Columns from the second on are numbers where `numbers`.
std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows,
                  bool numbers);
/// Names and what they are, one below the other.
std::string facts(const std::vector<std::pair<std::string, std::string>>& facts);

/// Scores with their intervals; the figures of each class.
std::string scores(const Evaluation& test);
std::string class_table(const Evaluation& test, const std::vector<std::string>& names);

/// Pictures with labels, and the errors that the network was surest of, as thumbnails.
std::string labelled_pictures(const Report& report);
std::string surest_errors(const Report& report);
/// A PNG file as a picture of the page; nothing if it is not there or too large for it.
std::string picture_file(const std::string& path, const std::string& alternative);

}  // namespace s4l::methods::html
