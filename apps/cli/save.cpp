#include "save.hpp"

#include <opencv2/imgcodecs.hpp>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "inference_exp/errors.hpp"

namespace inference_exp::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_not_writable(const fs::path& file) {
  throw std::runtime_error("'" + file.string() + "' can't be written. Is the disk full, or the folder protected?");
}

std::string output_extension(const Source& source) {
  if (source.kind != SourceKind::image) return ".mp4";
  const std::string extension = source.path.extension().string();
  const bool jpeg = extension == ".jpg" || extension == ".jpeg" || extension == ".JPG" || extension == ".JPEG";
  return jpeg ? extension : ".png";
}

std::string output_stem(const Source& source) {
  return source.kind == SourceKind::camera ? "camera-" + std::to_string(source.camera) : source.path.stem().string();
}

}  // namespace

AnnotatedFiles::AnnotatedFiles(fs::path folder, std::span<const Source> sources) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (!fs::is_directory(folder_, error)) {
    throw InvalidParameterError("The folder '" + folder_.string() + "' can't be made.",
                                "Name a folder in a place that you may write to.");
  }
  for (const Source& source : sources) taken_.insert(fs::weakly_canonical(source.path, error));
}

fs::path AnnotatedFiles::free_name(const Source& source) {
  const std::string stem = output_stem(source);
  const std::string extension = output_extension(source);
  fs::path file = folder_ / (stem + extension);
  for (int number = 2; !taken_.insert(fs::weakly_canonical(file)).second; ++number) {
    file = folder_ / stem;
    file += "-" + std::to_string(number);
    file += extension;
  }
  return file;
}

void AnnotatedFiles::save(const Source& source, const Frame& frame, const cv::Mat& annotated) {
  if (frame.video) {
    save_frame(source, frame, annotated);
    return;
  }
  const fs::path file = free_name(source);
  if (!cv::imwrite(file.string(), annotated)) throw_not_writable(file);
}

void AnnotatedFiles::save_frame(const Source& source, const Frame& frame, const cv::Mat& annotated) {
  constexpr double kUnknownRate = 25;
  // A camera may change its picture size: what no longer fits starts another file.
  if (video_ == nullptr || frame.source != video_source_ || annotated.size() != video_size_) {
    finish();
    const fs::path file = free_name(source);
    const double rate = frame.video->frames_per_second;
    video_ = video_functions().create_file(file, rate > 0 ? rate : kUnknownRate, annotated.size());
    if (video_ == nullptr) throw_not_writable(file);
    video_source_ = frame.source;
    video_size_ = annotated.size();
  }
  video_->write(annotated);
}

void AnnotatedFiles::finish() { video_.reset(); }

}  // namespace inference_exp::cli
