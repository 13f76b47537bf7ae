#include "s4l/apps/settings/rows.h"

namespace s4l::apps {

std::vector<Row> network_rows() {
  const std::string s = "network";
  return {
      Row(s, kCommon, "model", "NAME", &RunOptions::model,
          "one of `s4l list models`; else by the device and the pictures")
          .aliases({"net", "architecture"})
          .chosen_by("the device and the pictures"),
      Row(s, kCommon, "img-size", "N", &RunOptions::img_size, "side of the pictures; 0: the model's")
          .aliases({"imgsz"})
          .chosen_by("the model and the pictures"),
      Row(s, kCommon, "pretrained", "FILE", &RunOptions::pretrained,
          "weights to start from: a run's folder, a .safetensors file, or timm's resnetv2")
          .aliases({"pretrained-path", "pretrain-path", "initial-checkpoint"}),
      Row(s, kRare, "width", "X", &RunOptions::width, "factor of the numbers of channels"),
      Row(s, kRare, "zero-heads", "", &RunOptions::zero_heads, "start the heads' weights at 0"),
      Row(s, kRare, "bn-momentum", "X", &RunOptions::bn_momentum,
          "of batch norm's running statistics; 0: 0.99, less in short runs")
          .chosen_by("the number of steps"),
      Row(s, kRare, "bn-epsilon", "X", &RunOptions::bn_epsilon, "of batch norm; 0: as --pretrained, else 0.001")
          .chosen_by("--pretrained"),
      Row(s, kRare, "pool-padding", "zero|lowest", &RunOptions::pool_padding,
          "beside the stem's pool; lowest never wins; as --pretrained, else zero")
          .chosen_by("--pretrained"),
  };
}

}  // namespace s4l::apps
