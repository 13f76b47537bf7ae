#include "s4l/data/split.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "s4l/core/error.h"
#include "s4l/data/order.h"

namespace s4l::data {
namespace {

using Indices = std::vector<std::int64_t>;

constexpr std::int64_t kFewestLabelsForValidation = 10;

template <class T>
bool is_number(const std::string& text, std::size_t count, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, number);
  return error == std::errc() && end == text.data() + count;
}

bool is_percentage(double x) { return x > 0 && x <= 100; }

/// The labelled training pictures of each class, all of them at least one.
std::vector<Indices> labelled_by_class(const Dataset& dataset) {
  if (dataset.classes() < 2)
    fail(ErrorKind::data, "split: expected pictures of at least 2 classes, got {}",
         dataset.classes() == 0 ? "none" : "only \"" + dataset.class_names()[0] + '"');
  std::vector<Indices> by_class(dataset.class_names().size());
  bool trains = false;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    if (dataset.part(i) != Part::train) continue;
    trains = true;
    if (const std::int64_t label = dataset.label(i); label >= 0)
      by_class.at(static_cast<std::size_t>(label)).push_back(i);
  }
  if (!trains) fail(ErrorKind::data, "split: expected training pictures, got none");
  for (std::size_t c = 0; c < by_class.size(); ++c)
    if (by_class[c].empty())
      fail(ErrorKind::data, "split: expected labelled training pictures of every class, got none of \"{}\"",
           dataset.class_names()[c]);
  return by_class;
}

/// `total` spread as evenly as the classes' sizes allow. What does not divide goes to seeded classes, and what a small
/// class cannot give comes from the larger ones.
Indices spread(std::int64_t total, const std::vector<Indices>& by_class, std::uint64_t seed) {
  const auto classes = static_cast<std::int64_t>(by_class.size());
  const Permutation order = random_permutation(classes, Rng(seed, Purpose::split, 0, 1));
  Indices taken(by_class.size());
  const auto spare = [&](std::int64_t c) {
    const auto at = static_cast<std::size_t>(c);
    return static_cast<std::int64_t>(by_class[at].size()) - taken[at];
  };
  while (total > 0) {
    const auto open = std::count_if(order.begin(), order.end(), [&](std::int64_t c) { return spare(c) > 0; });
    const std::int64_t share = std::max<std::int64_t>(total / open, 1);
    for (const std::int64_t c : order) {
      const std::int64_t more = std::min({share, spare(c), total});
      taken[static_cast<std::size_t>(c)] += more;
      total -= more;
    }
  }
  return taken;
}

std::int64_t total_labels(const LabelBudget& budget, const Dataset& dataset, std::int64_t available) {
  if (budget.total < 0) {
    check(is_percentage(budget.percent), "labels: expected a percentage above 0 and up to 100, got {}", budget.percent);
    const std::int64_t share = std::llround(budget.percent / 100 * static_cast<double>(available));
    return std::max<std::int64_t>(share, dataset.classes());
  }
  check(budget.total >= dataset.classes(), "labels: expected at least {} (one for each class), got {}",
        dataset.classes(), budget.total);
  check(budget.total <= available, "labels: expected at most {} (there are no more), got {}", available, budget.total);
  return budget.total;
}

/// How many labels each class gives.
Indices labels_per_class(const LabelBudget& budget, const Dataset& dataset, const std::vector<Indices>& by_class,
                         std::uint64_t seed) {
  check((budget.percent >= 0) + (budget.total >= 0) + (budget.per_class >= 0) == 1,
        "labels: expected one of a percentage, a total and a number per class");
  if (budget.per_class < 0) {
    std::int64_t available = 0;
    for (const Indices& pictures : by_class) available += static_cast<std::int64_t>(pictures.size());
    return spread(total_labels(budget, dataset, available), by_class, seed);
  }
  check(budget.per_class >= 1, "labels per class: expected at least 1, got 0");
  for (std::size_t c = 0; c < by_class.size(); ++c)
    check(budget.per_class <= static_cast<std::int64_t>(by_class[c].size()),
          "labels per class: expected at most {} (class \"{}\" has no more), got {}", by_class[c].size(),
          dataset.class_names()[c], budget.per_class);
  return Indices(by_class.size(), budget.per_class);
}

std::int64_t validation_share(double fraction, std::int64_t labels) {
  const std::int64_t share = std::llround(fraction * static_cast<double>(labels));
  return std::clamp<std::int64_t>(share, fraction > 0 ? 1 : 0, labels - 1);
}

/// The pictures of class `c` in their seeded order: the first ones become labelled.
Indices shuffled(const Indices& pictures, std::size_t c, std::uint64_t seed) {
  Indices order = random_permutation(static_cast<std::int64_t>(pictures.size()), Rng(seed, Purpose::split, c));
  for (std::int64_t& place : order) place = pictures[static_cast<std::size_t>(place)];
  return order;
}

/// The split whose labels are `chosen`, by class; the first of each class validate where every class has enough.
Split carve(const Dataset& dataset, const std::vector<Indices>& chosen, double val_fraction) {
  check(val_fraction >= 0 && val_fraction < 1,
        "split: expected a validation fraction of at least 0 and below 1, got {}", val_fraction);
  const bool validates = std::all_of(chosen.begin(), chosen.end(), [](const Indices& labels) {
    return static_cast<std::int64_t>(labels.size()) >= kFewestLabelsForValidation;
  });
  Split split;
  for (const Indices& labels : chosen) {
    const auto count = static_cast<std::int64_t>(labels.size());
    const auto first_labelled = labels.begin() + (validates ? validation_share(val_fraction, count) : 0);
    split.val.insert(split.val.end(), labels.begin(), first_labelled);
    split.labelled.insert(split.labelled.end(), first_labelled, labels.end());
  }
  std::sort(split.labelled.begin(), split.labelled.end());
  std::sort(split.val.begin(), split.val.end());
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    if (dataset.part(i) == Part::test)
      split.test.push_back(i);
    else if (!std::binary_search(split.val.begin(), split.val.end(), i))
      split.unlabelled.push_back(i);
  }
  return split;
}

}  // namespace

LabelBudget label_budget_from(const std::string& text) {
  LabelBudget budget;
  const char last = text.empty() ? '\0' : text.back();
  const std::size_t digits = text.size() - (last == '%' || last == 'n' ? 1 : 0);
  const bool good = last == 'n' ? is_number(text, digits, budget.total) && budget.total > 0
                                : is_number(text, digits, budget.percent) && is_percentage(budget.percent);
  check(good, "labels: expected a percentage up to 100 (\"10\" or \"10%\") or a number of labels (\"40n\"), got \"{}\"",
        text);
  return budget;
}

Split make_split(const Dataset& dataset, const SplitOptions& options) {
  const std::vector<Indices> by_class = labelled_by_class(dataset);
  const Indices labels = labels_per_class(options.budget, dataset, by_class, options.seed);
  std::vector<Indices> chosen;
  for (std::size_t c = 0; c < by_class.size(); ++c) {
    chosen.push_back(shuffled(by_class[c], c, options.seed));
    chosen[c].resize(static_cast<std::size_t>(labels[c]));
  }
  return carve(dataset, chosen, options.val_fraction);
}

Split split_with_labels(const Dataset& dataset, const std::vector<std::int64_t>& labelled,
                        const SplitOptions& options) {
  std::vector<Indices> chosen(dataset.class_names().size());
  for (const std::int64_t index : labelled) {
    const std::int64_t label = dataset.label(index);
    if (dataset.part(index) != Part::train || label < 0)
      fail(ErrorKind::data, "split: expected a training picture with a label, got \"{}\"", dataset.path(index));
    chosen[static_cast<std::size_t>(label)].push_back(index);
  }
  for (std::size_t c = 0; c < chosen.size(); ++c) {
    if (chosen[c].empty())
      fail(ErrorKind::data, "split: expected a label of every class, got none of \"{}\"", dataset.class_names()[c]);
    std::sort(chosen[c].begin(), chosen[c].end());
    if (std::adjacent_find(chosen[c].begin(), chosen[c].end()) != chosen[c].end())
      fail(ErrorKind::data, "split: expected each picture once, got \"{}\" again",
           dataset.path(*std::adjacent_find(chosen[c].begin(), chosen[c].end())));
    chosen[c] = shuffled(chosen[c], c, options.seed);
  }
  return carve(dataset, chosen, options.val_fraction);
}

std::vector<std::int64_t> balanced(const Dataset& dataset, const std::vector<std::int64_t>& indices,
                                   std::uint64_t seed) {
  std::vector<Indices> by_class(dataset.class_names().size());
  for (const std::int64_t index : indices) by_class[static_cast<std::size_t>(dataset.label(index))].push_back(index);
  std::size_t largest = 0;
  for (const Indices& pictures : by_class) largest = std::max(largest, pictures.size());
  Indices all;
  for (std::size_t c = 0; c < by_class.size(); ++c) {
    const Indices order = shuffled(by_class[c], c, seed);
    for (std::size_t i = 0; !order.empty() && i < largest; ++i) all.push_back(order[i % order.size()]);
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<float> balanced_class_weights(const Dataset& dataset, const std::vector<std::int64_t>& indices) {
  std::vector<double> pictures(dataset.class_names().size());
  for (const std::int64_t index : indices) ++pictures[static_cast<std::size_t>(dataset.label(index))];
  std::vector<float> weights;
  for (std::size_t c = 0; c < pictures.size(); ++c) {
    if (pictures[c] == 0)
      fail(ErrorKind::data, "class weights: expected a label of every class, got none of \"{}\"",
           dataset.class_names()[c]);
    weights.push_back(
        static_cast<float>(static_cast<double>(indices.size()) / (static_cast<double>(pictures.size()) * pictures[c])));
  }
  return weights;
}

}  // namespace s4l::data
