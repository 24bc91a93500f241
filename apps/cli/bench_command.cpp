#include <algorithm>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "images.hpp"
#include "inference_exp/opencv.hpp"
#include "inference_exp/version.hpp"
#include "output.hpp"
#include "predictor.hpp"

namespace inference_exp::cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Summary {
  double mean = 0, min = 0, p50 = 0, p95 = 0, p99 = 0;  ///< milliseconds
};

/// Between the two nearest samples, in proportion.
double percentile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double weight = position - static_cast<double>(below);
  return std::lerp(sorted[below], sorted[above], weight);  // rounds so that percentiles stay in order
}

Summary summarize(std::vector<double> seconds) {
  for (double& value : seconds) value *= 1000;
  std::ranges::sort(seconds);
  const double sum = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  return {sum / static_cast<double>(seconds.size()), seconds.front(), percentile(seconds, 0.50),
          percentile(seconds, 0.95), percentile(seconds, 0.99)};
}

struct Samples {
  std::vector<double> pre_process, run, post_process, total;  ///< seconds per call
};

Samples measure(const Predictor& predictor, const BenchArguments& arguments, std::span<const ImageView> batch) {
  InferenceOptions options = arguments.model.inference;
  Samples samples;
  for (std::size_t i = 0; i < arguments.warmup + arguments.iterations && !interrupted(); ++i) {
    StageTimings timings;
    options.timings = &timings;
    const Clock::time_point start = Clock::now();
    static_cast<void>(predictor.infer(batch, options));
    const double total = seconds_since(start);
    if (i < arguments.warmup) continue;
    samples.pre_process.push_back(timings.pre_process);
    samples.run.push_back(timings.run);
    samples.post_process.push_back(timings.post_process);
    samples.total.push_back(total);
  }
  return samples;
}

/// Smooth colours with an edge now and then; the same on every machine.
cv::Mat made_up_picture() {
  cv::Mat picture(720, 1280, CV_8UC3);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      const bool patch = (x / 160 + y / 120) % 2 == 0;
      picture.at<cv::Vec3b>(y, x) = {static_cast<std::uint8_t>(x / 5), static_cast<std::uint8_t>(y / 3),
                                     static_cast<std::uint8_t>(patch ? 200 : 60)};
    }
  }
  return picture;
}

nlohmann::json to_json(const Summary& summary) {
  return {
      {"mean", summary.mean}, {"min", summary.min}, {"p50", summary.p50}, {"p95", summary.p95}, {"p99", summary.p99}};
}

using Rows = std::vector<std::pair<const char*, Summary>>;

nlohmann::json report_of(const BenchArguments& arguments, const Model& model, const cv::Mat& picture, const Rows& rows,
                         double load_seconds, double images_per_second) {
  nlohmann::json report{
      {"version", std::string(kVersion)},
      {"model", arguments.model.model},
      {"architecture", std::string(model.architecture())},
      {"task", std::string(model.task())},
      {"backend", std::string(model.backend())},
      {"input_size", {{"width", model.input_size().width}, {"height", model.input_size().height}}},
      {"image", {{"file", arguments.image}, {"width", picture.cols}, {"height", picture.rows}}},
      {"batch_size", arguments.model.batch_size},
      {"iterations", arguments.iterations},
      {"warmup", arguments.warmup},
      {"load_milliseconds", load_seconds * 1000},
      {"images_per_second", images_per_second},
  };
  for (const auto& [name, summary] : rows) report["milliseconds"][name] = to_json(summary);
  return report;
}

void print(const nlohmann::json& report, const Rows& rows) {
  std::cout << report["architecture"].get<std::string>() << ", " << report["task"].get<std::string>() << ", backend "
            << report["backend"].get<std::string>() << ", batch of " << report["batch_size"] << " image(s) of "
            << report["image"]["width"] << 'x' << report["image"]["height"] << ", " << report["iterations"]
            << " calls\n\n"
            << "milliseconds per call     mean      min      p50      p95      p99\n"
            << std::fixed << std::setprecision(3);
  for (const auto& [name, s] : rows) {
    std::cout << std::left << std::setw(21) << name << std::right;
    for (const double value : {s.mean, s.min, s.p50, s.p95, s.p99}) std::cout << std::setw(9) << value;
    std::cout << '\n';
  }
  std::cout << std::setprecision(1) << "\nimages per second: " << report["images_per_second"].get<double>()
            << "\nloaded in " << report["load_milliseconds"].get<double>() << " ms\n";
}

}  // namespace

ExitCode run(const BenchArguments& arguments) {
  finish_on_interrupt();
  const cv::Mat picture = arguments.image.empty() ? made_up_picture() : read_image(arguments.image);
  const Clock::time_point start = Clock::now();
  const Predictor predictor(arguments.model);
  const double load_seconds = seconds_since(start);

  const std::vector<ImageView> batch(arguments.model.batch_size, view(picture));
  const Samples samples = measure(predictor, arguments, batch);
  if (interrupted()) return ExitCode::interrupted;
  const Rows rows{{"pre_process", summarize(samples.pre_process)},
                  {"run", summarize(samples.run)},
                  {"post_process", summarize(samples.post_process)},
                  {"total", summarize(samples.total)}};
  const double images_per_second = static_cast<double>(batch.size()) * 1000 / rows.back().second.mean;
  const nlohmann::json report = report_of(arguments, predictor.model(), picture, rows, load_seconds, images_per_second);
  if (arguments.json != "-") print(report, rows);
  if (!arguments.json.empty()) {
    TextSink sink(arguments.json);
    sink.stream() << report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    sink.finish();
  }
  return ExitCode::ok;
}

}  // namespace inference_exp::cli
