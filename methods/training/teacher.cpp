#include "s4l/methods/training/teacher.h"

#include "s4l/core/autograd.h"
#include "s4l/core/ops/view.h"

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

/// Moves the weights into a row of their own, each where the student's lies in its.
void Teacher::lay_out(const std::vector<nn::NamedParameter>& students, const Tensor& whole) {
  row_ = zeros_like(whole);
  for (std::size_t i = 0; i < students.size(); ++i) {
    const Tensor& value = students[i].parameter->value;
    const auto begin = static_cast<std::int64_t>(
        (static_cast<const std::byte*>(value.raw()) - static_cast<const std::byte*>(whole.raw())) /
        static_cast<std::ptrdiff_t>(size_of(value.dtype())));
    const Tensor moved = reshape(rows(row_, begin, begin + value.numel()), value.shape());
    copy_(moved, weights_[i].second);
    weights_[i].second = moved;
  }
}

void Teacher::follow() {
  const auto students = nn::parameters_of(student_);
  std::vector<Tensor> values;
  for (const auto& [name, parameter] : students) values.push_back(parameter->value);
  const Tensor whole = spanned(values);
  check(bool(whole), "teacher: expected a student whose weights an optimizer has put into one row");
  if (!row_) lay_out(students, whole);
  average_(row_, whole, updates_, decay_);
  add_(updates_, one_);
}

void Teacher::visit(nn::Visitor& visitor) {
  for (auto& [name, weight] : weights_) visitor.buffer(name, weight);
  visitor.buffer("updates", updates_);
}

}  // namespace s4l::methods
