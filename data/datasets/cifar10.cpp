// CIFAR-10, the binary version.
#include "s4l/core/error.h"
#include "s4l/data/cifar.h"

namespace s4l::data {
namespace {

class Cifar10 final : public Cifar {
 public:
  explicit Cifar10(const DatasetOptions& options) : Cifar(options, format(options)) {}

 private:
  static CifarFormat format(const DatasetOptions& options) {
    for (const auto& [name, value] : options.extra)
      fail(ErrorKind::usage, "cifar10: expected no options of its own, got \"{}\"", name);
    return {"cifar10",
            {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
            {"test_batch.bin"},
            "batches.meta.txt",
            1,
            0,
            {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}};
  }
};

}  // namespace
}  // namespace s4l::data

S4L_DATASET(cifar10, Cifar10,
            "CIFAR-10, binary version: a folder or .tar with data_batch_1.bin to 5 and test_batch.bin")
