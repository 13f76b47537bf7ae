#pragma once
#include <string>
#include <vector>

#include "s4l/nn/module.h"

namespace s4l::nn {

struct NamedParameter {
  std::string name;
  Parameter* parameter;
};
struct NamedBuffer {
  std::string name;
  Tensor* value;
};

/// Every parameter below `module` with its full name, in the order of the visit.
std::vector<NamedParameter> parameters_of(Module& module);
/// Every buffer (running statistics), likewise.
std::vector<NamedBuffer> buffers_of(Module& module);
/// Puts every parameter and buffer below `module` on `device`; their gradients and history stay behind.
void move_to(Module& module, Device device);
/// How many numbers training changes.
std::int64_t parameter_count(Module& module);
/// Sets the number of batch-norm groups (virtual replicas) of every batch norm below `module`.
void set_batch_norm_groups(Module& module, int groups);
/// Makes every batch norm below `module` a cross-replica one: statistics over all rows (spec 2.0.4).
void set_cross_replica_batch_norm(Module& module);
/// Sets how slowly the running statistics of every batch norm below `module` follow the batches' (0.99 in the spec; a
/// run of a few hundred steps wants less, or they still remember its beginning).
void set_batch_norm_momentum(Module& module, double momentum);
/// Sets the epsilon of every batch norm below `module`.
void set_batch_norm_epsilon(Module& module, double epsilon);

}  // namespace s4l::nn
