// CIFAR-100, the binary version: 100 fine classes, or the 20 coarse ones with --data-option labels=coarse.
#include "s4l/core/error.h"
#include "s4l/data/cifar.h"

namespace s4l::data {
namespace {

class Cifar100 final : public Cifar {
 public:
  explicit Cifar100(const DatasetOptions& options) : Cifar(options, format(options)) {}

 private:
  static CifarFormat format(const DatasetOptions& options) {
    bool coarse = false;
    for (const auto& [name, value] : options.extra) {
      check(name == "labels" && (value == "fine" || value == "coarse"),
            "cifar100: expected the option labels=fine or labels=coarse, got {}={}", name, value);
      coarse = value == "coarse";
    }
    CifarFormat format{"cifar100", {"train.bin"}, {"test.bin"}, "", 2, coarse ? 0 : 1, {}};
    format.names_file = coarse ? "coarse_label_names.txt" : "fine_label_names.txt";
    for (int c = 0; c < (coarse ? 20 : 100); ++c) format.names.push_back(std::to_string(c));
    return format;
  }
};

}  // namespace
}  // namespace s4l::data

S4L_DATASET(cifar100, Cifar100, "CIFAR-100, binary version: a folder or .tar with train.bin and test.bin")
