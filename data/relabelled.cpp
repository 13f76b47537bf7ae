#include "s4l/data/relabelled.h"

#include "s4l/core/error.h"

namespace s4l::data {
namespace {

class Relabelled final : public Dataset {
 public:
  Relabelled(std::unique_ptr<Dataset> dataset, std::vector<std::int64_t> labels)
      : dataset_(std::move(dataset)), labels_(std::move(labels)) {
    check(static_cast<std::int64_t>(labels_.size()) == dataset_->size(), "relabelled: expected {} labels, got {}",
          dataset_->size(), labels_.size());
  }
  std::int64_t size() const override { return dataset_->size(); }
  const std::vector<std::string>& class_names() const override { return dataset_->class_names(); }
  Size image_size(std::int64_t index) const override { return dataset_->image_size(index); }
  Image image(std::int64_t index, Box box) const override { return dataset_->image(index, box); }
  std::int64_t label(std::int64_t index) const override { return labels_[static_cast<std::size_t>(index)]; }
  Part part(std::int64_t index) const override { return dataset_->part(index); }
  std::string path(std::int64_t index) const override { return dataset_->path(index); }
  const std::vector<Damaged>& damaged() const override { return dataset_->damaged(); }

 private:
  std::unique_ptr<Dataset> dataset_;
  std::vector<std::int64_t> labels_;
};

}  // namespace

std::unique_ptr<Dataset> relabelled(std::unique_ptr<Dataset> dataset, std::vector<std::int64_t> labels) {
  return std::make_unique<Relabelled>(std::move(dataset), std::move(labels));
}

}  // namespace s4l::data
