#pragma once
#include <functional>
#include <initializer_list>
#include <string>

#include "s4l/core/tensor.h"

namespace s4l::bench {

/// Whether convolutions are compared with f64: main.cpp's --errors.
inline bool with_errors = false;

/// Of each ceiling, how many measurements take turns with a kernel's.
constexpr int kTurns = 12;

double seconds_of(const std::function<void()>& work);

/// A pass and the bytes that it must move; those that it writes, where they are most of them.
struct Pass {
  double bytes;
  std::function<void()> run;
  double written = 0;
};

/// Registers a benchmark of the pass that `make` makes, with its tensors, when its turn comes: GB/s of its best repeat,
/// and as shares of the best copies of 64 MiB (bytes read and written) taken in turns with it: of memcpy, and with
/// streaming stores, which do not read first what they overwrite; and of what is written as a share of streaming stores
/// alone, which a processor may take at the pace of a copy's writes, half of its bytes.
void measure(const std::string& name, const std::function<Pass()>& make);

double bytes_of(std::initializer_list<Tensor> tensors);
/// Uniform numbers from -1 to 1, repeated after 65,536.
Tensor random(Shape shape);

}  // namespace s4l::bench
