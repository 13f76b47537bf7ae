#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/l2_normalize.h"
#include "s4l/core/ops/triplet.h"
#include "small_network.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

/// The losses of one step of exemplar with `n` pictures a stream in four views each.
struct Losses {
  double all, triplet, by_hand;
};

/// by_hand: from the method's own embeddings, with `together` neighbouring rows of one identity in each of the groups.
Losses losses_of(const std::string& identity, int n, int replicas, std::int64_t together) {
  Learner learner("exemplar", {{"exemplar-identity", identity}, {"triplet-embed-dim", 5}, {"triplet-weight", 2}},
                  DType::f64);
  nn::set_batch_norm_groups(learner, replicas);
  const Tensor x = pictures(n, 1, 4, DType::f64);
  const std::vector<Tensor> u = {pictures(n, 2, 4, DType::f64)};
  const Tensor labels = from_values(std::vector<std::int32_t>(static_cast<std::size_t>(n), 1), {n});
  Metrics metrics;
  Step step{learner.network, x, labels, u, {}, Rng(0, Purpose::method), replicas, metrics};
  Losses result{};
  std::vector<Tensor> embeddings;  // of both streams, as the method normalises and takes them apart
  {
    const WatchOps watch([&](const char* op, const Tensor& y) {
      if (std::string(op) == "l2_normalize") embeddings.push_back(y.detach());
    });
    result.all = item(learner.method->loss(step));
  }
  for (const auto& [tag, value] : metrics.values())
    if (tag == "train/triplet_loss") result.triplet = item(value);

  const auto e = doubles(embeddings.at(0));
  const std::int64_t rows = 4 * n, pool = rows / replicas;
  for (int stream = 0; stream < 2; ++stream) {
    std::vector<double> own;
    std::vector<std::int32_t> ids;
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t at =
          row / pool * 2 * pool + stream * pool + row % pool;  // [u chunk ; x chunk] of each replica
      own.insert(own.end(), e.begin() + at * 5, e.begin() + at * 5 + 5);
      ids.push_back(static_cast<std::int32_t>(row % pool / together));
    }
    result.by_hand += item(triplet(from_values(own, {rows, 5}), from_values(ids, {rows}), replicas).loss) / 2;
  }
  return result;
}

}  // namespace

TEST_CASE("exemplar holds a picture's views together within a virtual replica, each stream by itself") {
  for (const int replicas : {1, 2}) {
    const Losses losses = losses_of("intended", 4, replicas, 4);
    CHECK(losses.triplet == Approx(losses.by_hand).epsilon(1e-12));
    CHECK(losses.all > 2 * losses.triplet);  // and the class loss
  }
}

TEST_CASE("exemplar's released identities are runs of as many rows as a replica has pictures") {
  const Losses two = losses_of("released", 4, 2, 2);
  CHECK(two.triplet == Approx(two.by_hand).epsilon(1e-12));
  CHECK(two.triplet != Approx(losses_of("intended", 4, 2, 4).triplet).epsilon(1e-6));
  // As many pictures as views: the same.
  CHECK(losses_of("released", 4, 1, 4).triplet == Approx(losses_of("intended", 4, 1, 4).triplet).epsilon(1e-12));
}

TEST_CASE("without its unlabelled loss exemplar reads no unlabelled picture") {
  Learner learner("exemplar", {{"triplet-loss-unsup", 0}});
  CHECK(learner.method->views().unlabelled.empty());
}
