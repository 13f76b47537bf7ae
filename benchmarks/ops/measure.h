#pragma once
#include <functional>
#include <initializer_list>
#include <string>

#include "s4l/core/tensor.h"

namespace s4l::bench {

/// Bytes read and written per second by a parallel memcpy of 64 MiB, the best of many; measured once a run.
double copy_bandwidth();
/// The same written with streaming stores, which do not read first what they overwrite.
double streaming_bandwidth();

/// Registers a benchmark of `pass`, which must move at least `bytes`: GB/s of its best repeat, and as shares of both
/// bandwidths.
void measure(const std::string& name, double bytes, const std::function<void()>& pass);

double bytes_of(std::initializer_list<Tensor> tensors);
/// Uniform numbers from -1 to 1.
Tensor random(Shape shape);

}  // namespace s4l::bench
