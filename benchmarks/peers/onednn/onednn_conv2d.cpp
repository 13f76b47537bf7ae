#include "s4l/benchmarks/peers/onednn/onednn_conv2d.h"

#include <dnnl.hpp>

#include <memory>
#include <unordered_map>

namespace s4l::bench {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using Forward = dnnl::convolution_forward;
using Data = dnnl::convolution_backward_data;
using Weight = dnnl::convolution_backward_weights;

/// What a layer's primitives are made of.
struct Problem {
  memory::desc x, w, y;
  memory::dims strides, padding;
  algorithm kind;
};

Problem problem_of(const Layer& l, memory::format_tag pictures, algorithm kind) {
  const auto any = memory::format_tag::any;
  const auto f32 = memory::data_type::f32;
  const std::int64_t out = l.output_size(), padding = l.kernel / 2;
  return {{{l.images, l.channels, l.size, l.size}, f32, pictures},
          {{l.outputs, l.channels, l.kernel, l.kernel}, f32, any},
          {{l.images, l.outputs, out, out}, f32, pictures},
          {l.stride, l.stride},
          {padding, padding},
          kind};
}

#if DNNL_VERSION_MAJOR >= 3
Forward::primitive_desc forward_of(const dnnl::engine& engine, const Problem& p) {
  return {engine, prop_kind::forward_training, p.kind, p.x, p.w, p.y, p.strides, p.padding, p.padding};
}
Data::primitive_desc data_of(const dnnl::engine& engine, const Problem& p) {
  return {engine, p.kind, p.x, p.w, p.y, p.strides, p.padding, p.padding, forward_of(engine, p)};
}
Weight::primitive_desc weight_of(const dnnl::engine& engine, const Problem& p) {
  return {engine, p.kind, p.x, p.w, p.y, p.strides, p.padding, p.padding, forward_of(engine, p)};
}
#else
Forward::primitive_desc forward_of(const dnnl::engine& engine, const Problem& p) {
  return {{prop_kind::forward_training, p.kind, p.x, p.w, p.y, p.strides, p.padding, p.padding}, engine};
}
Data::primitive_desc data_of(const dnnl::engine& engine, const Problem& p) {
  return {{p.kind, p.x, p.w, p.y, p.strides, p.padding, p.padding}, engine, forward_of(engine, p)};
}
Weight::primitive_desc weight_of(const dnnl::engine& engine, const Problem& p) {
  return {{p.kind, p.x, p.w, p.y, p.strides, p.padding, p.padding}, engine, forward_of(engine, p)};
}
#endif

memory filled(const memory::desc& desc, const dnnl::engine& engine) {
  memory result(desc, engine);
  float* values = static_cast<float*>(result.get_data_handle());
  for (std::size_t i = 0; i < desc.get_size() / sizeof(float); ++i)
    values[i] = static_cast<float>(i * 37 % 101) / 50 - 1;
  return result;
}

Peer peer_of(const Layer& l, Direction direction, memory::format_tag pictures, algorithm kind, std::string name) {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  static dnnl::stream stream(engine);
  const Problem p = problem_of(l, pictures, kind);
  const auto ready = [&](const auto& desc, dnnl::primitive primitive, std::unordered_map<int, memory> arguments) {
    return Peer{std::move(name), desc.impl_info_str(), [primitive, arguments] {
                  primitive.execute(stream, arguments);
                  stream.wait();
                }};
  };
  if (direction == Direction::forward) {
    const auto d = forward_of(engine, p);
    return ready(d, Forward(d),
                 {{DNNL_ARG_SRC, filled(d.src_desc(), engine)},
                  {DNNL_ARG_WEIGHTS, filled(d.weights_desc(), engine)},
                  {DNNL_ARG_DST, filled(d.dst_desc(), engine)}});
  }
  if (direction == Direction::data) {
    const auto d = data_of(engine, p);
    return ready(d, Data(d),
                 {{DNNL_ARG_DIFF_DST, filled(d.diff_dst_desc(), engine)},
                  {DNNL_ARG_WEIGHTS, filled(d.weights_desc(), engine)},
                  {DNNL_ARG_DIFF_SRC, filled(d.diff_src_desc(), engine)}});
  }
  const auto d = weight_of(engine, p);
  return ready(d, Weight(d),
               {{DNNL_ARG_SRC, filled(d.src_desc(), engine)},
                {DNNL_ARG_DIFF_DST, filled(d.diff_dst_desc(), engine)},
                {DNNL_ARG_DIFF_WEIGHTS, filled(d.diff_weights_desc(), engine)}});
}

}  // namespace

std::vector<Peer> onednn_conv2d(const Layer& l, Direction direction) {
  using Tag = memory::format_tag;
  std::vector<Peer> peers{peer_of(l, direction, Tag::nhwc, algorithm::convolution_direct, "nhwc"),
                          peer_of(l, direction, Tag::any, algorithm::convolution_direct, "blocked")};
  try {
    peers.push_back(peer_of(l, direction, Tag::any, algorithm::convolution_winograd, "winograd"));
  } catch (const dnnl::error&) {  // it has none for this layer
  }
  return peers;
}

std::string onednn_version() {
  const dnnl_version_t* v = dnnl_version();
  return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

}  // namespace s4l::bench
