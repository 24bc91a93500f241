// The classes of COCO under its own sparse ids.
#pragma once

#include <string>
#include <vector>

namespace inference_exp::models {

/// 91 names, index = COCO's category id. Index 0 and the ten ids that COCO never used are empty.
[[nodiscard]] std::vector<std::string> coco_sparse_names();

}  // namespace inference_exp::models
