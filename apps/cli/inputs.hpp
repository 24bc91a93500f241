// From what the user named to files and cameras.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace inference_exp::cli {

enum class SourceKind : std::uint8_t { image, video, camera };

struct Source {
  SourceKind kind = SourceKind::image;
  std::string name;  ///< as shown to the user
  std::filesystem::path path;
  int camera = 0;
};

struct InputFailure {
  std::string input;
  std::string reason;
};

struct Inputs {
  std::vector<Source> sources;
  std::vector<InputFailure> failures;  ///< what named nothing
};

/// Folders become their images in order of name, patterns what they match, "camera:N" a camera, everything else a file
/// whose extension says whether it is a video.
[[nodiscard]] Inputs expand_inputs(std::span<const std::string> names);

}  // namespace inference_exp::cli
