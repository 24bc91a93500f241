// The library alone: no OpenCV, a picture is whatever memory holds its pixels.
//   without_opencv MODEL [PICTURE.ppm]
// Without a picture it makes one: a red disc on white.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "inference_exp/auto_model.hpp"
#include "inference_exp/serialization.hpp"

namespace {

using namespace inference_exp;

struct Picture {
  Size size;
  std::vector<std::uint8_t> rgb;
  [[nodiscard]] ImageView view() const { return ImageView::from_u8(rgb.data(), size, PixelFormat::rgb); }
};

/// A binary PPM file without comments.
Picture read_ppm(const char* file) {
  std::ifstream stream(file, std::ios::binary);
  std::string magic;
  Picture picture;
  int maximum = 0;
  stream >> magic >> picture.size.width >> picture.size.height >> maximum;
  if (!stream || magic != "P6" || maximum != 255 || picture.size.width < 1 || picture.size.height < 1) {
    throw ModelInputError("This is not a binary PPM file of 8 bits.");
  }
  stream.get();
  picture.rgb.resize(std::size_t{3} * static_cast<std::size_t>(picture.size.width) *
                     static_cast<std::size_t>(picture.size.height));
  stream.read(reinterpret_cast<char*>(picture.rgb.data()), static_cast<std::streamsize>(picture.rgb.size()));
  if (!stream) throw ModelInputError("The PPM file was cut short.");
  return picture;
}

Picture red_disc() {
  constexpr int kSide = 320;
  constexpr int kRadius = 80;
  Picture picture{{kSide, kSide}, {}};
  for (int y = -kSide / 2; y < kSide / 2; ++y) {
    for (int x = -kSide / 2; x < kSide / 2; ++x) {
      const std::uint8_t rest = x * x + y * y < kRadius * kRadius ? 20 : 255;
      picture.rgb.insert(picture.rgb.end(), {rest == 255 ? rest : std::uint8_t{220}, rest, rest});
    }
  }
  return picture;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "usage: without_opencv MODEL [PICTURE.ppm]\n";
    return 2;
  }
  const auto model = AutoModel::from_pretrained<ObjectDetectionModel>(argv[1]);
  const Picture picture = argc > 2 ? read_ppm(argv[2]) : red_disc();
  const Detections found = model->infer(picture.view());
  std::cout << to_json(found, model->class_names()) << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
