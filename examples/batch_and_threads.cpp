// One model, many pictures: as a batch in one call, and from several threads at once.
//   batch_and_threads MODEL PICTURE...
#include <future>
#include <iostream>
#include <opencv2/imgcodecs.hpp>
#include <vector>

#include "inference_exp/auto_model.hpp"
#include "inference_exp/opencv.hpp"

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::cerr << "usage: batch_and_threads MODEL PICTURE...\n";
    return 2;
  }
  using namespace inference_exp;
  const auto model = AutoModel::from_pretrained<ObjectDetectionModel>(argv[1]);
  std::vector<cv::Mat> pictures;
  for (int i = 2; i < argc; ++i) pictures.push_back(cv::imread(argv[i]));

  // One call for all: pictures may differ in size, results come in the order of the pictures.
  std::vector<ImageView> views;
  for (const cv::Mat& picture : pictures) views.push_back(view(picture));
  const std::vector<Detections> batch = model->infer(views);

  // One call for each, all at the same time: infer is const and needs no lock.
  std::vector<std::future<Detections>> tasks;
  for (const ImageView& one : views) {
    tasks.push_back(std::async(std::launch::async, [&model, one] { return model->infer(one); }));
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const std::size_t in_thread = tasks[i].get().size();
    std::cout << argv[i + 2] << ": " << batch[i].size() << " objects in the batch, " << in_thread << " in a thread\n";
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
