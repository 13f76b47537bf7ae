#pragma once
#include <memory>

#include "s4l/data/dataset.h"

namespace s4l::data {

/// `base` together with the pictures below options.unlabeled, which become training pictures without a label called
/// "unlabeled:<name of the folder>/<path>". Whatever has no label and the content of a test picture is left out, and
/// noted. Returns `base` itself where that changes nothing.
std::unique_ptr<Dataset> with_unlabelled(std::unique_ptr<Dataset> base, const DatasetOptions& options);

}  // namespace s4l::data
