#include "rfdetr_checkpoint.hpp"

#include <array>
#include <string_view>

#include "checkpoint_source.hpp"
#include "common/failure.hpp"
#include "networks/rfdetr.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

/// What a size's name promises; "rfdetr-large" was given to two networks (loading.md, section 3.3).
struct PublishedSize {
  std::string_view name;
  std::int64_t patch;
  std::int64_t width;
  std::int64_t decoder_layers;
  std::int64_t resolution;
};

constexpr std::array<PublishedSize, 6> kSizes{{{"rfdetr-base", 14, 384, 3, 560},
                                               {"rfdetr-large", 14, 768, 3, 560},
                                               {"rfdetr-large", 16, 384, 4, 704},
                                               {"rfdetr-nano", 16, 384, 2, 384},
                                               {"rfdetr-small", 16, 384, 3, 512},
                                               {"rfdetr-medium", 16, 384, 4, 576}}};

bool is_size(const PublishedSize& size, const RfdetrShape& shape) {
  return size.patch == shape.patch && size.width == shape.width && size.decoder_layers == shape.decoder_layers;
}

/// The name of a size of this project's table must be that of the shapes; a name beyond it tells nothing.
void check_model_type(const std::string& model_type, const RfdetrShape& shape) {
  bool known = false;
  for (const PublishedSize& size : kSizes) {
    if (size.name != model_type) continue;
    known = true;
    if (is_size(size, shape)) return;
  }
  if (!known) return;
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                "The weights are not those of " + model_type + ": patches of " + std::to_string(shape.patch) +
                    ", encoder width " + std::to_string(shape.width) + ", " + std::to_string(shape.decoder_layers) +
                    " decoder layers.",
                "Name the size that the weights have, or none.");
}

std::int64_t integer(const Json& args, const char* key) {
  const auto found = args.find(key);
  return found != args.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::vector<std::int64_t> integers(const Json& args, const char* key) {
  std::vector<std::int64_t> values;
  const auto found = args.find(key);
  if (found == args.end() || !found->is_array()) return values;
  for (const Json& value : *found) {
    if (!value.is_number_integer()) return {};
    values.push_back(value.get<std::int64_t>());
  }
  return values;
}

/// Training's own settings, where the checkpoint kept them. Encoder heads are not among them.
RfdetrHints hints_of(const Json& args) {
  RfdetrHints hints;
  hints.num_windows = integer(args, "num_windows");
  hints.stages = integers(args, "out_feature_indexes");
  hints.self_attention_heads = integer(args, "sa_nheads");
  hints.cross_attention_heads = integer(args, "ca_nheads");
  hints.num_queries = integer(args, "num_queries");
  hints.resolution = integer(args, "resolution");
  return hints;
}

/// Class names are in args, or beside them.
std::map<std::string, std::string> metadata_of(const Json& data, const Json& args) {
  std::map<std::string, std::string> metadata;
  for (const Json* place : {&args, &data}) {
    const auto found = place->find("class_names");
    if (found == place->end() || !found->is_array() || found->empty()) continue;
    metadata["class_names"] = found->dump();
    break;
  }
  return metadata;
}

std::string state_dict_prefix(const checkpoint::Checkpoint& file) {
  for (const char* prefix : {"model.", "ema_model.", "state_dict.", ""}) {
    if (file.find(std::string(prefix) + "class_embed.bias") != nullptr) return prefix;
  }
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "There are no RF-DETR weights: no \"class_embed.bias\" below \"model\".",
                "Give the checkpoint that RF-DETR's training saved, such as checkpoint_best_regular.pth.");
}

}  // namespace

std::unique_ptr<Network> open_rfdetr(const std::shared_ptr<const checkpoint::Checkpoint>& file,
                                     const std::string& model_type, Placement placement) {
  const CheckpointSource source(file, state_dict_prefix(*file));
  const Weights weights(source, placement);
  const Json& data = file->data();
  const Json empty = Json::object();
  const Json& args = data.is_object() && data.contains("args") && data["args"].is_object() ? data["args"] : empty;
  RfdetrHints hints = hints_of(args);
  const RfdetrShape shape = rfdetr_shape(weights, hints);
  check_model_type(model_type, shape);
  return make_rfdetr(weights, hints, metadata_of(data.is_object() ? data : empty, args));
}

}  // namespace inference_exp::torch_backend
