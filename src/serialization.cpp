#include "inference_exp/serialization.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <optional>
#include <string_view>

#include "core/json.hpp"

namespace inference_exp {
namespace {

/// Writes JSON text in the order it is told; commas come by themselves.
class JsonWriter {
 public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  void key(std::string_view name) {
    separate();
    write_string(name);
    text_ += ':';
    needs_comma_ = false;
  }

  void value(std::string_view text) {
    separate();
    write_string(text);
  }
  void value(bool flag) {
    separate();
    text_ += flag ? "true" : "false";
  }
  void value(std::integral auto number) {
    separate();
    text_ += std::to_string(number);
  }
  /// The shortest text that reads back as the same float; 0 where JSON has no number for it.
  void value(float number) {
    separate();
    std::array<char, 32> buffer{};
    const float finite = std::isfinite(number) ? number : 0;
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), finite);
    text_.append(buffer.data(), result.ptr);
  }

  void null() {
    separate();
    text_ += "null";
  }

  template <typename T>
  void member(std::string_view name, const T& content) {
    key(name);
    value(content);
  }
  void member(std::string_view name, const char* content) = delete;  // would be taken for a bool

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void open(char bracket) {
    separate();
    text_ += bracket;
    needs_comma_ = false;
  }
  void close(char bracket) {
    text_ += bracket;
    needs_comma_ = true;
  }
  void separate() {
    if (needs_comma_) text_ += ',';
    needs_comma_ = true;
  }
  /// Quoted and escaped; bytes that are not UTF-8 become U+FFFD.
  void write_string(std::string_view text) { text_ += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

  std::string text_;
  bool needs_comma_ = false;
};

std::string name_or_id(std::span<const std::string> names, std::int32_t id) {
  const bool named = id >= 0 && static_cast<std::size_t>(id) < names.size();
  return named ? names[static_cast<std::size_t>(id)] : std::to_string(id);
}

void write_detection(const Detection& row, std::span<const std::string> class_names, JsonWriter& json) {
  json.member("x_min", row.box.x_min);
  json.member("y_min", row.box.y_min);
  json.member("x_max", row.box.x_max);
  json.member("y_max", row.box.y_max);
  json.member("class_id", row.class_id);
  json.member("class", std::string_view(name_or_id(class_names, row.class_id)));
  json.member("confidence", row.confidence);
}

/// An array with one object per detection; `more` adds to each.
template <typename More>
std::string write_rows(const Detections& detections, std::span<const std::string> class_names, const More& more) {
  JsonWriter json;
  json.begin_array();
  for (std::size_t i = 0; i < detections.size(); ++i) {
    json.begin_object();
    write_detection(detections[i], class_names, json);
    more(i, json);
    json.end_object();
  }
  json.end_array();
  return json.take();
}

void write_mask(Size size, std::string_view counts, JsonWriter& json) {
  json.key("mask");
  json.begin_object();
  json.key("size");
  json.begin_array();
  json.value(size.height);
  json.value(size.width);
  json.end_array();
  json.member("counts", counts);
  json.end_object();
}

bool is_empty_slot(const KeyPoint& point) { return point == KeyPoint{}; }

void write_key_points(std::span<const KeyPoint> points, const Skeleton* skeleton, JsonWriter& json) {
  json.key("keypoints");
  json.begin_array();
  for (std::size_t slot = 0; slot < points.size(); ++slot) {
    if (is_empty_slot(points[slot])) continue;
    const std::span<const std::string> names =
        skeleton != nullptr ? std::span<const std::string>(skeleton->key_point_names) : std::span<const std::string>();
    json.begin_object();
    json.member("x", points[slot].x);
    json.member("y", points[slot].y);
    json.member("confidence", points[slot].confidence);
    json.member("name", std::string_view(name_or_id(names, static_cast<std::int32_t>(slot))));
    json.end_object();
  }
  json.end_array();
}

void write_list(std::string_view name, const std::vector<std::string>& items, JsonWriter& json) {
  json.key(name);
  json.begin_array();
  for (const std::string& item : items) json.value(std::string_view(item));
  json.end_array();
}

/// null where the text is unknown.
void write_optional(std::string_view name, const std::optional<std::string>& text, JsonWriter& json) {
  json.key(name);
  if (text) {
    json.value(std::string_view(*text));
  } else {
    json.null();
  }
}

void write_gpus(const std::vector<GpuDescription>& gpus, JsonWriter& json) {
  json.key("gpus");
  json.begin_array();
  for (const GpuDescription& gpu : gpus) {
    json.begin_object();
    json.member("name", std::string_view(gpu.name));
    json.member("compute_capability", std::string_view(gpu.compute_capability));
    json.end_object();
  }
  json.end_array();
}

void write_machine(const MachineDescription& machine, JsonWriter& json) {
  json.begin_object();
  write_gpus(machine.gpus, json);
  write_optional("driver_version", machine.driver_version, json);
  write_optional("cuda_version", machine.cuda_version, json);
  write_optional("trt_version", machine.trt_version, json);
  json.member("trt_runtime_available", machine.trt_runtime_available);
  write_optional("jetson_type", machine.jetson_type, json);
  write_optional("l4t_version", machine.l4t_version, json);
  write_optional("os_version", machine.os_version, json);
  write_list("warnings", machine.warnings, json);
  json.end_object();
}

void write_backend(const BackendDescription& backend, JsonWriter& json) {
  json.begin_object();
  json.member("name", std::string_view(backend.name));
  json.member("available", backend.available);
  json.member("reason", std::string_view(backend.reason));
  json.member("plugin_path", std::string_view(backend.plugin_path));
  json.member("runtime_version", std::string_view(backend.runtime_version));
  json.member("runtime_path", std::string_view(backend.runtime_path));
  write_list("execution_providers", backend.execution_providers, json);
  write_list("devices", backend.devices, json);
  json.member("math_library", std::string_view(backend.math_library));
  json.end_object();
}

}  // namespace

std::string to_json(const Detections& detections, std::span<const std::string> class_names) {
  return write_rows(detections, class_names, [](std::size_t, JsonWriter&) {});
}

std::string to_json(const InstanceDetections& instances, std::span<const std::string> class_names) {
  return write_rows(instances.detections, class_names, [&](std::size_t i, JsonWriter& json) {
    if (const auto* compressed = std::get_if<RleMasks>(&instances.masks)) {
      write_mask(compressed->size, compressed->counts.at(i), json);
    } else {
      const auto& dense = std::get<DenseMasks>(instances.masks);
      write_mask(dense.size(), encode_rle(dense.mask(i), dense.size()), json);
    }
  });
}

std::string to_json(const KeyPoints& key_points, std::span<const std::string> class_names,
                    std::span<const Skeleton> skeletons) {
  return write_rows(key_points.detections, class_names, [&](std::size_t i, JsonWriter& json) {
    const std::int32_t id = key_points.detections.class_id()[i];
    const bool known = id >= 0 && static_cast<std::size_t>(id) < skeletons.size();
    write_key_points(key_points.row(i), known ? &skeletons[static_cast<std::size_t>(id)] : nullptr, json);
  });
}

std::string to_json(const Embeddings& embeddings) {
  JsonWriter json;
  json.begin_array();
  for (std::size_t i = 0; i < embeddings.count(); ++i) {
    json.begin_array();
    for (const float value : embeddings[i]) json.value(value);
    json.end_array();
  }
  json.end_array();
  return json.take();
}

std::string to_json(const EnvironmentDescription& environment) {
  JsonWriter json;
  json.begin_object();
  json.member("library_version", std::string_view(environment.library_version));
  json.member("operating_system", std::string_view(environment.operating_system));
  json.member("cpu", std::string_view(environment.cpu));
  json.member("physical_cores", environment.physical_cores);
  json.member("logical_cores", environment.logical_cores);
  json.member("simd", std::string_view(environment.simd));
  json.key("machine");
  write_machine(environment.machine, json);
  json.key("backends");
  json.begin_array();
  for (const BackendDescription& backend : environment.backends) write_backend(backend, json);
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace inference_exp
