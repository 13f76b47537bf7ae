#pragma once

namespace s4l {

/// The vector instructions that the kernels' speed rests on. Without them they compute the same with their baseline
/// code, many times slower.
struct Processor {
  bool avx2, fma;
};

Processor this_processor();

/// Throws Error, naming what is missing, unless `processor` has both.
void check_processor(const Processor& processor);

}  // namespace s4l
