#include "s4l/data/loader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "s4l/core/device/runtime.h"
#include "s4l/core/error.h"
#include "s4l/data/in_threads.h"
#include "s4l/data/picture_stream.h"
#include "s4l/data/prefetcher.h"

namespace s4l::data {
namespace {

/// What one step holds, in the host's memory.
struct HostStep {
  StreamBatch labelled, unlabelled;
  std::vector<std::int32_t> labels;
  std::vector<float> weighted_labels;  // rows, where classes have weights
};

/// Tensors at fixed addresses, and the point from which on the device reads them no more.
struct Slot {
  Batch batch;
  Event released;
};

/// A stream and the damaged pictures delivered steps met in it, with the reasons.
struct Source {
  PictureStream stream;
  std::map<std::int64_t, std::string> damaged;

  Source(const Dataset& dataset, const std::vector<std::int64_t>& indices, const StreamOptions& options,
         const LoaderOptions& loader, int number)
      : stream(dataset, indices, options.batch_size, options.pipelines, loader.seed, number, loader.max_damaged) {}

  void note_damaged(const StreamBatch& batch, const Dataset& dataset) {
    for (const auto& [index, reason] : batch.damaged) {
      damaged.emplace(index, reason);
      if (static_cast<std::int64_t>(damaged.size()) > stream.allowed_damaged())
        stream.fail_damaged(dataset.path(index), reason);
    }
  }
};

Pictures allocate(const PictureRows& rows, Device device) {
  const std::int64_t n = rows.count();
  const auto unless_empty = [&](const std::vector<float>& values, int numbers) {
    return values.empty() ? Tensor() : empty({n, numbers}, DType::f32, device);
  };
  const std::int64_t height = rows.size.height, width = rows.size.width;
  Pictures pictures{
      {}, {empty({n}, DType::u8, device), unless_empty(rows.noise, HsvNoise::kNumbers), unless_empty(rows.range, 2)}};
  if (rows.exact.empty())
    pictures.u8 = empty({n, height, width, 3}, DType::u8, device);
  else
    pictures.exact = empty({static_cast<std::int64_t>(rows.exact.size()) / (height * width * 3), height, width, 3},
                           DType::f32, device);
  return pictures;
}

/// Copies to a device by way of page-locked memory, where the device has such: its content is in use until the stream
/// is done.
class Upload {
 public:
  /// Beginning at `staging`; null: the copies read where they are told to, until the stream is done.
  Upload(Stream stream, void* staging) : stream_(stream), staging_(static_cast<std::byte*>(staging)) {}

  template <class T>
  void copy(const Tensor& to, const std::vector<T>& from) {
    const void* source = from.data();
    if (staging_ != nullptr && to.bytes() != 0) {
      source = std::memcpy(staging_, from.data(), to.bytes());
      staging_ += to.bytes();
    }
    runtime(stream_.device()).copy(to.data<T>(), source, to.bytes(), stream_);
    to.bump_version();
  }
  void copy(const Pictures& to, const PictureRows& from) {
    if (to.exact)
      copy(to.exact, from.exact);
    else
      copy(to.u8, from.u8);
    copy(to.draws.flip, from.flip);
    if (to.draws.noise) copy(to.draws.noise, from.noise);
    if (to.draws.range) copy(to.draws.range, from.range);
  }
  void copy(const Batch& to, const HostStep& from) {
    copy(to.labelled, from.labelled.views[0]);
    if (from.weighted_labels.empty())
      copy(to.labels, from.labels);
    else
      copy(to.labels, from.weighted_labels);
    for (std::size_t view = 0; view < to.unlabelled.size(); ++view)
      copy(to.unlabelled[view], from.unlabelled.views[view]);
    if (to.index) copy(to.index, from.unlabelled.index);
  }

 private:
  Stream stream_;
  std::byte* staging_;
};

std::size_t bytes_of(Batch batch) {
  std::size_t bytes = 0;
  for (const Tensor* x : batch.tensors())
    if (*x) bytes += x->bytes();
  return bytes;
}

std::int32_t label_of(const Dataset& dataset, std::int64_t index) {
  return static_cast<std::int32_t>(dataset.label(index));
}

}  // namespace

std::vector<Tensor*> Batch::tensors() {
  std::vector<Tensor*> all{&labels, &index};
  const auto append = [&](Pictures& pictures) {
    for (Tensor* x : pictures.tensors()) all.push_back(x);
  };
  append(labelled);
  for (Pictures& view : unlabelled) append(view);
  return all;
}

Pictures on_device(const PictureRows& rows, Device device) {
  const Pictures pictures = allocate(rows, device);
  const Stream stream = compute_stream(device);
  Upload(stream, nullptr).copy(pictures, rows);
  runtime(device).synchronize(stream);
  return pictures;
}

struct Loader::Impl {
  Impl(const Dataset& from, const Split& split, const LoaderOptions& options);
  ~Impl();
  Slot make_slot() const;
  void fill(HostStep& host, std::int64_t step, const std::stop_token& stop) const;
  void note_damaged(const HostStep& host);
  Batch next();
  HostStep& host_step(std::int64_t step) { return ring[static_cast<std::size_t>(step) % ring.size()]; }

  const Dataset& dataset;
  Device device;
  std::vector<float> class_weights;
  Source labelled;
  std::optional<Source> unlabelled;
  mutable std::mutex damaged_mutex;  // of both sources' lists
  std::vector<HostStep> ring;        // filled by the prefetcher's threads
  std::array<Slot, 2> slots;
  std::shared_ptr<void> staging;  // of one batch
  std::size_t turn = 0;           // the slot of the next batch
  Prefetcher prefetcher;          // the last member: its threads end before what they use
};

Loader::Impl::Impl(const Dataset& from, const Split& split, const LoaderOptions& options)
    : dataset(from),
      device(options.device),
      class_weights(options.class_weights),
      labelled(from, split.labelled, options.labelled, options, 0),
      prefetcher(options.workers, options.prefetch,
                 [this](std::int64_t step, const std::stop_token& stop) { fill(host_step(step), step, stop); }) {
  check(options.labelled.pipelines.size() == 1, "loader: expected one view of the labelled pictures, got {}",
        options.labelled.pipelines.size());
  if (!options.unlabelled.pipelines.empty()) unlabelled.emplace(from, split.unlabelled, options.unlabelled, options, 1);
  HostStep host{labelled.stream.make_batch(), unlabelled ? unlabelled->stream.make_batch() : StreamBatch(), {}, {}};
  host.labels.resize(host.labelled.index.size());
  host.weighted_labels.resize(host.labels.size() * class_weights.size());
  ring.assign(static_cast<std::size_t>(options.prefetch), host);
  for (Slot& slot : slots) slot = make_slot();
  staging = runtime(device).host_memory(bytes_of(slots[0].batch));
}

/// What is queued still reads the staging memory. A device that failed reads nothing, and says so to its next user.
Loader::Impl::~Impl() {
  try {
    runtime(device).synchronize(copy_stream(device));
  } catch (const std::exception&) {
  }
}

Slot Loader::Impl::make_slot() const {
  const HostStep& host = ring[0];
  Slot slot;
  slot.batch.labelled = allocate(host.labelled.views[0], device);
  const auto n = static_cast<std::int64_t>(host.labels.size()),
             classes = static_cast<std::int64_t>(class_weights.size());
  slot.batch.labels = classes == 0 ? empty({n}, DType::i32, device) : empty({n, classes}, DType::f32, device);
  for (const PictureRows& rows : host.unlabelled.views) slot.batch.unlabelled.push_back(allocate(rows, device));
  if (unlabelled)
    slot.batch.index = empty({static_cast<std::int64_t>(host.unlabelled.index.size())}, DType::i64, device);
  slot.released = runtime(device).record(compute_stream(device));
  return slot;
}

void Loader::Impl::fill(HostStep& host, std::int64_t step, const std::stop_token& stop) const {
  labelled.stream.fill(host.labelled, step, stop);
  if (unlabelled) unlabelled->stream.fill(host.unlabelled, step, stop);
  for (std::size_t row = 0; row < host.labels.size(); ++row)
    host.labels[row] = label_of(dataset, host.labelled.index[row]);
  if (class_weights.empty()) return;
  std::fill(host.weighted_labels.begin(), host.weighted_labels.end(), 0.0f);
  for (std::size_t row = 0; row < host.labels.size(); ++row) {
    const auto label = static_cast<std::size_t>(host.labels[row]);
    host.weighted_labels[row * class_weights.size() + label] = class_weights[label];
  }
}

void Loader::Impl::note_damaged(const HostStep& host) {
  const std::lock_guard lock(damaged_mutex);
  labelled.note_damaged(host.labelled, dataset);
  if (unlabelled) unlabelled->note_damaged(host.unlabelled, dataset);
}

Batch Loader::Impl::next() {
  prefetcher.wait();
  const HostStep& host = host_step(prefetcher.step());
  note_damaged(host);
  Runtime& device_runtime = runtime(device);
  const Stream compute = compute_stream(device), copying = copy_stream(device);
  slots[1 - turn].released = device_runtime.record(compute);  // what reads the last batch is queued by now
  Slot& slot = slots[turn];
  device_runtime.synchronize(copying);  // the batch before has left the staging memory
  device_runtime.wait(copying, slot.released);
  Upload(copying, staging.get()).copy(slot.batch, host);
  device_runtime.wait(compute, device_runtime.record(copying));
  prefetcher.pop();
  turn = 1 - turn;
  return slot.batch;
}

Loader::Loader(const Dataset& dataset, const Split& split, LoaderOptions options)
    : impl_(std::make_unique<Impl>(dataset, split, options)) {}
Loader::~Loader() = default;

Batch Loader::next() { return impl_->next(); }
void Loader::seek(std::int64_t step) { impl_->prefetcher.seek(step); }
std::int64_t Loader::step() const { return impl_->prefetcher.step(); }
double Loader::waited() const { return impl_->prefetcher.waited(); }

std::vector<Damaged> Loader::damaged() const {
  const std::lock_guard lock(impl_->damaged_mutex);
  std::map<std::int64_t, std::string> all = impl_->labelled.damaged;
  if (impl_->unlabelled) all.insert(impl_->unlabelled->damaged.begin(), impl_->unlabelled->damaged.end());
  std::vector<Damaged> list;
  for (const auto& [index, reason] : all) list.push_back({impl_->dataset.path(index), reason});
  return list;
}

namespace {

/// A picture preprocessed for evaluation.
struct EvalRow {
  std::vector<View> views;
  std::int32_t label = -1;
  std::string reason;  ///< why it could not be decoded
};

EvalRow eval_row(const Dataset& dataset, std::int64_t index, const Pipeline& pipeline) {
  EvalRow row;
  const Size size = dataset.image_size(index);
  Image image;
  try {
    image = dataset.whole_image(index);
    row.label = label_of(dataset, index);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;
    row.reason = error.what();
    image = Image(size.height, size.width);
  }
  Rng rng(0, Purpose::augment, static_cast<std::uint64_t>(index));  // a few operations draw in evaluation, too
  row.views = preprocess(pipeline, Picture(image), rng, false, dataset.path(index));
  return row;
}

}  // namespace

EvalBatch eval_batch(const Dataset& dataset, const std::vector<std::int64_t>& indices, std::int64_t begin,
                     std::int64_t end, const Pipeline& pipeline, Device device) {
  check(begin >= 0 && begin < end && end <= static_cast<std::int64_t>(indices.size()),
        "eval_batch: expected a part of {} pictures, got [{}, {})", indices.size(), begin, end);
  const auto index = [&](std::size_t row) { return indices[static_cast<std::size_t>(begin) + row]; };
  std::vector<EvalRow> read(static_cast<std::size_t>(end - begin));
  in_threads(read.size(), [&](std::size_t row) { read[row] = eval_row(dataset, index(row), pipeline); });

  EvalBatch batch;
  const Image& first = read[0].views[0].image;
  PictureRows rows((end - begin) * pipeline.host_views(), {first.height, first.width}, pipeline);
  std::vector<std::int32_t> labels;
  for (std::size_t row = 0; row < read.size(); ++row) {
    rows.put(static_cast<std::int64_t>(row), read[row].views, dataset.path(index(row)));
    labels.push_back(read[row].label);
    if (!read[row].reason.empty()) batch.damaged.push_back({dataset.path(index(row)), read[row].reason});
  }
  batch.pictures = on_device(rows, device);
  batch.labels = from_values(labels, {end - begin}, device);
  return batch;
}

}  // namespace s4l::data
