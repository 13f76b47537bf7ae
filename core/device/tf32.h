#pragma once

namespace s4l {

/// Whether products of f32 on a CUDA device may round their factors to 10 bits of mantissa (TF32): several times
/// faster, with errors of 1e-3 instead of 1e-6. Off at first; the CPU never does.
bool tf32();
void set_tf32(bool on);

}  // namespace s4l
