#include "s4l/methods/training/teacher.h"

#include "s4l/core/autograd.h"
#include "s4l/nn/walk.h"

namespace s4l::methods {

Teacher::Teacher(nn::Classifier& student, const AverageDecay& decay) : student_(student), decay_(decay) {
  for (const auto& [name, parameter] : nn::parameters_of(student)) {
    const Tensor copy = empty_like(parameter->value);
    copy_(copy, parameter->value);
    weights_.emplace_back("teacher." + name, copy);
  }
  rounded_.resize(weights_.size());
  check(!weights_.empty(), "teacher: expected a network with weights");
  updates_ = zeros({1}, DType::f32, weights_[0].second.device());
  one_ = full({1}, 1, DType::f32, updates_.device());
}

void Teacher::exchange() {
  std::size_t i = 0;
  for (const auto& [name, parameter] : nn::parameters_of(student_)) {
    std::swap(parameter->value, weights_[i].second);
    std::swap(parameter->rounded, rounded_[i++]);
  }
}

Tensor Teacher::logits(const Tensor& x) {
  struct Exchanged {
    Teacher& teacher;
    explicit Exchanged(Teacher& t) : teacher(t) { teacher.exchange(); }
    ~Exchanged() { teacher.exchange(); }
  };
  const NoGrad no_grad;
  const Exchanged exchanged(*this);
  return student_.forward(x, nn::Mode::train_keep_statistics);
}

void Teacher::follow() {
  std::size_t i = 0;
  for (const auto& [name, parameter] : nn::parameters_of(student_))
    average_(weights_[i++].second, parameter->value, updates_, decay_);
  add_(updates_, one_);
}

void Teacher::visit(nn::Visitor& visitor) {
  for (auto& [name, weight] : weights_) visitor.buffer(name, weight);
  visitor.buffer("updates", updates_);
}

}  // namespace s4l::methods
