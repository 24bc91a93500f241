#include "inference_exp/model.hpp"

namespace inference_exp {

Model::~Model() = default;

}  // namespace inference_exp
