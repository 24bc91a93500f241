// Pictures from files.
#pragma once

#include <filesystem>
#include <opencv2/core/mat.hpp>

namespace inference_exp::cli {

/// Decodes a picture as cv::imread does by default: 8-bit BGR, turned upright as its EXIF data says. Unlike cv::imread
/// it throws ModelInputError, with the reason, for a file that is missing, empty, cut short, too large or not a
/// picture.
[[nodiscard]] cv::Mat read_image(const std::filesystem::path& file);

}  // namespace inference_exp::cli
