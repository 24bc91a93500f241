#include "inputs.hpp"

#include <glob.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace inference_exp::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

constexpr std::array kImageExtensions{".jpg"sv, ".jpeg"sv, ".jpe"sv, ".png"sv, ".bmp"sv, ".dib"sv, ".webp"sv,
                                      ".tif"sv, ".tiff"sv, ".ppm"sv, ".pgm"sv, ".pbm"sv, ".pnm"sv, ".jp2"sv};
constexpr std::array kVideoExtensions{".mp4"sv, ".m4v"sv,  ".mov"sv, ".avi"sv, ".mkv"sv, ".webm"sv,
                                      ".mpg"sv, ".mpeg"sv, ".wmv"sv, ".flv"sv, ".ts"sv,  ".gif"sv};
constexpr std::string_view kCamera = "camera:";

bool has_extension(const fs::path& path, std::span<const std::string_view> extensions) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(extensions, extension) != extensions.end();
}

Source file_source(const fs::path& path) {
  const SourceKind kind = has_extension(path, kVideoExtensions) ? SourceKind::video : SourceKind::image;
  return {kind, path.string(), path, 0};
}

std::optional<Source> camera_source(const std::string& name) {
  const char* begin = name.data() + kCamera.size();
  const char* end = name.data() + name.size();
  int number = 0;
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error != std::errc{} || stop != end || number < 0) return std::nullopt;
  return Source{SourceKind::camera, name, {}, number};
}

std::vector<fs::path> images_in(const fs::path& folder) {
  std::vector<fs::path> images;
  std::error_code error;  // a folder that can't be read has no images
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file(error) && has_extension(entry.path(), kImageExtensions)) images.push_back(entry.path());
  }
  std::ranges::sort(images);
  return images;
}

std::vector<fs::path> matches_of(const std::string& pattern) {
  glob_t found{};
  std::vector<fs::path> paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    const std::span matches(found.gl_pathv, found.gl_pathc);
    paths.assign(matches.begin(), matches.end());
  }
  globfree(&found);
  return paths;
}

void expand_one(const std::string& name, Inputs& inputs) {
  const auto fail = [&](std::string reason) { inputs.failures.push_back({name, std::move(reason)}); };
  if (name.starts_with(kCamera)) {
    if (auto camera = camera_source(name)) {
      inputs.sources.push_back(*std::move(camera));
    } else {
      fail("A camera is named by its number, such as camera:0.");
    }
    return;
  }
  std::error_code error;
  if (fs::is_directory(name, error)) {
    const std::vector<fs::path> images = images_in(name);
    if (images.empty()) fail("The folder has no images.");
    std::ranges::transform(images, std::back_inserter(inputs.sources), file_source);
  } else if (fs::exists(name, error)) {
    inputs.sources.push_back(file_source(name));
  } else if (name.find_first_of("*?[") != std::string::npos) {
    const std::vector<fs::path> matches = matches_of(name);
    if (matches.empty()) fail("No file matches the pattern.");
    std::ranges::transform(matches, std::back_inserter(inputs.sources), file_source);
  } else {
    fail("There is no such file or folder.");
  }
}

}  // namespace

Inputs expand_inputs(std::span<const std::string> names) {
  Inputs inputs;
  for (const std::string& name : names) expand_one(name, inputs);
  return inputs;
}

}  // namespace inference_exp::cli
