#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "s4l/core/device/storage.h"
#include "s4l/core/error.h"

namespace s4l::cuda {

/// Workspace for those of `candidates` that memory is left for; the ones that want more, by bytes_of(candidate), are
/// passed over and leave the list. Where there is none for any, the Error of the last one.
template <class Candidate, class BytesOf>
std::shared_ptr<Storage> workspace_for(std::vector<Candidate>& candidates, const BytesOf& bytes_of, Stream stream) {
  while (true) {
    std::size_t most = 0;
    for (const Candidate& candidate : candidates) most = std::max(most, bytes_of(candidate));
    try {
      return Storage::allocate(most, stream);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::memory) throw;
      std::vector<Candidate> smaller;
      for (const Candidate& candidate : candidates)
        if (bytes_of(candidate) < most) smaller.push_back(candidate);
      if (smaller.empty()) throw;
      candidates = std::move(smaller);
    }
  }
}

}  // namespace s4l::cuda
