// Any bytes are a split of a small data set, in one of the formats, or an error of kind data; what was read is written
// in every format so that it reads back the same.
#include <cstdlib>

#include "s4l/core/error.h"
#include "s4l/data/split_formats.h"
#include "s4l/tests/data/memory_dataset.h"

using namespace s4l;
using namespace s4l::data;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  static const test::MemoryDataset dataset(2, {3}, 1);
  SplitOptions options;
  options.val_fraction = 0;
  Split split;
  try {
    split = read_split(dataset, std::string(reinterpret_cast<const char*>(bytes), count), options);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) std::abort();
    return 0;
  }
  if (split_from_csv(dataset, split_csv(dataset, split)).val != split.val) std::abort();
  if (split.labelled.empty() || !split.val.empty()) return 0;  // a split.csv may say so; the other formats cannot
  for (const SplitFormat format : {SplitFormat::s4l, SplitFormat::fixmatch, SplitFormat::usb}) try {
      const Split again = read_split(dataset, split_files(dataset, split, format, 0)[0].content, options);
      if (again.labelled != split.labelled) std::abort();
    } catch (const Error&) {  // a class without a label, which only a split.csv may have
      bool has[2] = {};
      for (const std::int64_t index : split.labelled) has[dataset.label(index)] = true;
      if (has[0] && has[1]) std::abort();
    }
  return 0;
}
