#include "s4l/apps/settings/rows.h"

namespace s4l::apps {

std::vector<Row> network_rows() {
  const std::string s = "network";
  return {
      Row(s, kCommon, "model", "NAME", &RunOptions::model,
          "one of `s4l list models`; else by the device and the pictures")
          .aliases({"net", "architecture"}),
      Row(s, kCommon, "img-size", "N", &RunOptions::img_size, "side of the pictures; 0: the model's")
          .aliases({"imgsz"}),
      Row(s, kCommon, "pretrained", "FILE", &RunOptions::pretrained,
          "weights to start from: of a run, or timm's resnetv2")
          .aliases({"pretrained-path", "pretrain-path", "initial-checkpoint"}),
      Row(s, kRare, "width", "X", &RunOptions::width, "factor of the numbers of channels"),
      Row(s, kRare, "zero-heads", "", &RunOptions::zero_heads, "start the heads' weights at 0"),
      Row(s, kRare, "bn-momentum", "X", &RunOptions::bn_momentum,
          "of batch norm's running statistics; 0: 0.99, less in short runs"),
      Row(s, kRare, "bn-epsilon", "X", &RunOptions::bn_epsilon, "of batch norm; 0: as --pretrained, else 0.001"),
      Row(s, kRare, "pool-padding", "KIND", &RunOptions::pool_padding,
          "beside the stem's pool: zero, or lowest (never wins); as --pretrained, else zero"),
  };
}

}  // namespace s4l::apps
