// Outlines objects to the pixel: how large is each, and a picture with their masks.
//   segment MODEL PICTURE OUTPUT
#include <algorithm>
#include <iostream>
#include <opencv2/imgcodecs.hpp>

#include "inference_exp/annotators.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/opencv.hpp"

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: segment MODEL PICTURE OUTPUT\n";
    return 2;
  }
  using namespace inference_exp;
  const auto model = AutoModel::from_pretrained<InstanceSegmentationModel>(argv[1]);
  cv::Mat picture = cv::imread(argv[2]);
  const InstanceDetections found = model->infer(view(picture));

  const auto& masks = std::get<DenseMasks>(found.masks);  // MaskFormat::rle would give RleMasks
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto class_id = static_cast<std::size_t>(found.detections[i].class_id);
    std::cout << model->class_names()[class_id] << ": " << std::ranges::count(masks.mask(i), 1) << " pixels\n";
  }
  draw_masks(picture, found);
  return cv::imwrite(argv[3], picture) ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
