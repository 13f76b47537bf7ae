// bench_kernels [--errors] [Google Benchmark's flags]
//
// Every kernel of the CPU and every convolution of the networks, each beside the ceiling that bounds it, measured in
// turns with it. --errors adds each convolution's relative L2 error against f64, which takes minutes.
// S4L_BENCH_THREADS sets the threads (default 2).
#include <benchmark/benchmark.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "s4l/benchmarks/ops/measure.h"
#include "s4l/kernels/cpu/targets.h"

#include <hwy/targets.h>

namespace {

using namespace s4l;

/// The number of S4L_BENCH_THREADS; 0 if it is none.
int wanted_threads() {
  const char* text = std::getenv("S4L_BENCH_THREADS");
  if (text == nullptr) return 2;
  int threads = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), threads);
  return error == std::errc() && *end == '\0' && threads >= 1 ? threads : 0;
}

/// What Linux calls the processor, such as "AMD EPYC, family 25, model 17".
std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  std::string name, family, model;
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const auto take = [&](const char* key, std::string& value) {
      const std::size_t colon = line.find(": ");
      if (line.starts_with(key) && colon != std::string::npos) value = line.substr(colon + 2);
    };
    take("model name\t", name);
    take("cpu family\t", family);
    take("model\t", model);
  }
  return name + ", family " + family + ", model " + model;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = wanted_threads();
  if (threads == 0) {
    std::fprintf(stderr, "bench_kernels: S4L_BENCH_THREADS: expected a number of threads from 1, got \"%s\"\n",
                 std::getenv("S4L_BENCH_THREADS"));
    return 2;
  }
  set_num_threads(threads);
  std::string enough = "--benchmark_min_time=0.15";  // a later one counts
  std::vector<char*> arguments{argv[0], enough.data()};
  for (int i = 1; i < argc; ++i)
    if (std::strcmp(argv[i], "--errors") == 0)
      bench::with_errors = true;
    else
      arguments.push_back(argv[i]);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  benchmark::AddCustomContext("processor", processor());
  benchmark::AddCustomContext("instruction set", hwy::TargetName(hwy::SupportedAndGeneratedTargets().front()));
  benchmark::AddCustomContext("threads", std::to_string(threads));
  return benchmark::RunSpecifiedBenchmarks() == 0 ? 1 : 0;  // a filter that matches nothing
}
