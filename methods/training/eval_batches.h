#pragma once
#include <cstdint>
#include <functional>

namespace s4l::methods {

/// Calls work(begin, end) for pictures [0, count), `batch` at a time. Where memory ends in it, it goes on with halves,
/// quarters and so on of the batches, from the first picture that is not done; `work` changes nothing before it is sure
/// to succeed. Parts stay so large that the CPU computes the same bits for a picture in any of them; an Error(memory)
/// names the --eval-batch that fits where that is too much.
void for_eval_batches(std::int64_t count, std::int64_t batch,
                      const std::function<void(std::int64_t begin, std::int64_t end)>& work);

}  // namespace s4l::methods
