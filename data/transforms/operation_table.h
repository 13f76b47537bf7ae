#pragma once
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "s4l/core/rng.h"
#include "s4l/data/transforms/parser.h"
#include "s4l/data/transforms/picture.h"

namespace s4l::data {

/// One step on the loader's threads: replaces the views of a picture by others.
using HostOp = std::function<void(std::vector<Picture>& views, Rng& rng, bool train)>;
using Values = std::vector<double>;

/// What an operation does to the values of the pixels, which says where it may stand.
enum class Kind {
  places,  ///< moves or mixes pixels: stands anywhere
  levels,  ///< works on levels from 0 to 255: not after a value range
  label,   ///< concerns labels alone
  flip,    ///< of the tail, as what follows is
  noise,
  range,
  standardize,
  rotate,
};

enum class Accepted { pixels, copies, number, level, times, share, probability, word, flag };

/// An argument without a default has to be given; kSameAsBefore: the default is the argument before.
struct Argument {
  const char* key;
  Accepted accepted;
  double standard = std::numeric_limits<double>::quiet_NaN();
};
constexpr double kSameAsBefore = -1;

struct Operation {
  const char* name;
  Kind kind;
  std::vector<Argument> arguments = {};
  HostOp (*make)(const Values&) = nullptr;  ///< null where the tail alone does it
  bool needs_one_view = false;
  int (*views)(const Values&) = nullptr;  ///< how many it makes of one; null: one
  bool ranges = false;                    ///< gives values from -1 to 1 by itself

  /// "crop(h[, w])".
  std::string usage() const;
};

/// Every operation of the language.
const std::vector<Operation>& operations();
/// The operation that stands in `text`; an unknown name is an error that points at it and suggests another.
const Operation& find_operation(const std::string& text, const OperationText& operation);
/// The arguments in the order of the operation's; an error points at the one that does not fit.
Values values_of(const std::string& text, const OperationText& given, const Operation& operation);

}  // namespace s4l::data
