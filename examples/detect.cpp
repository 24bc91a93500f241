// Finds objects in a picture and draws them.
//   detect MODEL PICTURE OUTPUT
#include <iostream>
#include <opencv2/imgcodecs.hpp>

#include "inference_exp/annotators.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/opencv.hpp"

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: detect MODEL PICTURE OUTPUT\n";
    return 2;
  }
  using namespace inference_exp;
  const auto model = AutoModel::from_pretrained<ObjectDetectionModel>(argv[1]);
  cv::Mat picture = cv::imread(argv[2]);
  const Detections found = model->infer(view(picture));

  const AnnotationStyle style = style_for({picture.cols, picture.rows});
  draw_boxes(picture, found, style);
  draw_labels(picture, found, model->class_names(), style);
  std::cout << found.size() << " objects\n";
  return cv::imwrite(argv[3], picture) ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
