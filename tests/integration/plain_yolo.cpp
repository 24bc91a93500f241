#include "integration/plain_yolo.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace inference_exp::testing {

namespace {

struct Letterboxed {
  std::vector<float> chw;
  float scale = 1;
  int left = 0;
  int top = 0;
  int width = 0;  // of the resized image inside the square
  int height = 0;
};

Letterboxed letterbox(const cv::Mat& bgr, int size, int padding) {
  Letterboxed result;
  const double scale = std::min(static_cast<double>(size) / bgr.cols, static_cast<double>(size) / bgr.rows);
  result.scale = static_cast<float>(scale);
  result.width = static_cast<int>(bgr.cols * scale);
  result.height = static_cast<int>(bgr.rows * scale);
  result.left = (size - result.width) / 2;
  result.top = (size - result.height) / 2;
  cv::Mat resized;
  cv::resize(bgr, resized, {result.width, result.height}, 0, 0, cv::INTER_LINEAR);
  cv::Mat square(size, size, CV_8UC3, cv::Scalar::all(padding));
  resized.copyTo(square(cv::Rect(result.left, result.top, result.width, result.height)));
  result.chw.resize(static_cast<std::size_t>(3 * size * size));
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        result.chw[static_cast<std::size_t>((c * size + y) * size + x)] =
            static_cast<float>(square.at<cv::Vec3b>(y, x)[2 - c]) / 255.0F;
      }
    }
  }
  return result;
}

struct Candidate {
  float x1, y1, x2, y2;
  int class_id;
  float confidence;
  std::vector<float> coefficients;
};

std::vector<Candidate> candidates_of_grid(const float* data, int channels, int anchors, int extra, float threshold) {
  std::vector<Candidate> found;
  const int classes = channels - 4 - extra;
  const auto at = [&](int row, int anchor) { return data[row * anchors + anchor]; };
  for (int a = 0; a < anchors; ++a) {
    int best = 0;
    for (int c = 1; c < classes; ++c) {
      if (at(4 + c, a) > at(4 + best, a)) best = c;
    }
    if (!(at(4 + best, a) > threshold)) continue;
    Candidate candidate{at(0, a) - at(2, a) / 2,
                        at(1, a) - at(3, a) / 2,
                        at(0, a) + at(2, a) / 2,
                        at(1, a) + at(3, a) / 2,
                        best,
                        at(4 + best, a),
                        {}};
    for (int e = 0; e < extra; ++e) candidate.coefficients.push_back(at(4 + classes + e, a));
    found.push_back(std::move(candidate));
  }
  return found;
}

std::vector<Candidate> candidates_of_rows(const float* data, int rows, float threshold) {
  std::vector<Candidate> found;
  for (int r = 0; r < rows; ++r) {
    const float* row = data + r * 6;
    if (row[4] > threshold) found.push_back({row[0], row[1], row[2], row[3], static_cast<int>(row[5]), row[4], {}});
  }
  return found;
}

float overlap(const Candidate& a, const Candidate& b) {
  const float w = std::max(0.0F, std::min(a.x2, b.x2) - std::max(a.x1, b.x1));
  const float h = std::max(0.0F, std::min(a.y2, b.y2) - std::max(a.y1, b.y1));
  const float both = w * h;
  return both / ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - both);
}

std::vector<Candidate> suppress(std::vector<Candidate> candidates, float threshold) {
  std::ranges::stable_sort(candidates, std::ranges::greater{}, &Candidate::confidence);
  std::vector<Candidate> kept;
  for (Candidate& candidate : candidates) {
    const bool covered = std::ranges::any_of(kept, [&](const Candidate& better) {
      return better.class_id == candidate.class_id && overlap(better, candidate) > threshold;
    });
    if (!covered) kept.push_back(std::move(candidate));
  }
  return kept;
}

/// Sigmoid of the prototypes' mixture, cut to the box, brought to the image's size, above one half.
cv::Mat mask_of(const Candidate& candidate, const TensorView& prototypes, const Letterboxed& input, int size,
                cv::Size image) {
  const auto count = static_cast<int>(prototypes.shape[1]);
  const auto height = static_cast<int>(prototypes.shape[2]);
  const auto width = static_cast<int>(prototypes.shape[3]);
  const float* data = prototypes.floats().data();
  const auto edge = [](float v) { return std::nearbyint(v * 0.25F); };
  cv::Mat low(height, width, CV_32F, cv::Scalar(0));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = static_cast<float>(x) >= edge(candidate.x1) && static_cast<float>(x) < edge(candidate.x2) &&
                          static_cast<float>(y) >= edge(candidate.y1) && static_cast<float>(y) < edge(candidate.y2);
      if (!inside) continue;
      float sum = 0;
      for (int c = 0; c < count; ++c) {
        sum += candidate.coefficients[static_cast<std::size_t>(c)] * data[(c * height + y) * width + x];
      }
      low.at<float>(y, x) = 1.0F / (1.0F + std::exp(-sum));
    }
  }
  const auto pad = [](int prototype_side, int side, int padding) {
    return static_cast<int>(std::nearbyint(static_cast<double>(prototype_side) / side * padding));
  };
  const int left = pad(width, size, input.left);
  const int top = pad(height, size, input.top);
  const int right = pad(width, size, size - input.width - input.left);
  const int bottom = pad(height, size, size - input.height - input.top);
  cv::Mat enlarged;
  cv::resize(low(cv::Rect(left, top, width - left - right, height - top - bottom)), enlarged, image, 0, 0,
             cv::INTER_LINEAR);
  cv::Mat mask;
  cv::threshold(enlarged, mask, 0.5, 1, cv::THRESH_BINARY);
  mask.convertTo(mask, CV_8U);
  return mask;
}

}  // namespace

std::vector<PlainDetection> plain_yolo(const runtime::Session& session, const cv::Mat& bgr,
                                       const PlainSettings& settings) {
  Letterboxed input = letterbox(bgr, settings.size, settings.padding);
  const auto request = session.create_request();
  request->set_input(0, {input.chw.data(), DType::f32, Shape{1, 3, settings.size, settings.size}});
  request->run();

  const TensorView output = request->output(0);
  const float* data = output.floats().data();
  const bool has_masks = session.outputs().size() == 2;
  const std::vector<Candidate> kept =
      settings.end_to_end
          ? candidates_of_rows(data, static_cast<int>(output.shape[1]), settings.confidence)
          : suppress(candidates_of_grid(data, static_cast<int>(output.shape[1]), static_cast<int>(output.shape[2]),
                                        has_masks ? 32 : 0, settings.confidence),
                     settings.iou);
  std::vector<PlainDetection> result;
  for (const Candidate& candidate : kept) {
    const auto x = [&](float v) {
      return std::clamp((v - static_cast<float>(input.left)) / input.scale, 0.0F, static_cast<float>(bgr.cols));
    };
    const auto y = [&](float v) {
      return std::clamp((v - static_cast<float>(input.top)) / input.scale, 0.0F, static_cast<float>(bgr.rows));
    };
    PlainDetection detection{x(candidate.x1),
                             y(candidate.y1),
                             x(candidate.x2),
                             y(candidate.y2),
                             candidate.class_id,
                             candidate.confidence,
                             {}};
    if (has_masks) detection.mask = mask_of(candidate, request->output(1), input, settings.size, bgr.size());
    result.push_back(std::move(detection));
  }
  return result;
}

}  // namespace inference_exp::testing
