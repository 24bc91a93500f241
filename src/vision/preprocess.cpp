#include "vision/preprocess.hpp"

#include <optional>
#include <vector>

#include "vision/antialias_path.hpp"
#include "vision/canvas.hpp"
#include "vision/contrast.hpp"
#include "vision/float_path.hpp"
#include "vision/geometry.hpp"
#include "vision/linear_path.hpp"
#include "vision/pillow_path.hpp"
#include "vision/pixel_steps.hpp"

namespace inference_exp::vision {

namespace {

// The pixels after grayscale and contrast, which need the whole picture before the first row can be resized.
template <typename T>
ImageView enhance(const ImageView& image, const Preprocessing& recipe, std::vector<T>& pixels,
                  ContrastScratch& scratch) {
  pixels.resize(static_cast<std::size_t>(image.size.width) * static_cast<std::size_t>(image.size.height) * 3);
  copy_as_three_channels<T>(image, pixels);
  const bool rgb = is_rgb(image.format);
  if (recipe.grayscale) to_grayscale(pixels, rgb);
  if (recipe.contrast) enhance_contrast(*recipe.contrast, image.size, pixels, scratch);
  ImageView result = image;
  result.data = reinterpret_cast<const std::byte*>(pixels.data());
  result.row_stride = std::ptrdiff_t{image.size.width} * 3 * static_cast<std::ptrdiff_t>(sizeof(T));
  result.format = rgb ? PixelFormat::rgb : PixelFormat::bgr;
  return result;
}

}  // namespace

struct PreprocessWorkspace::Impl {
  /// Rebuilds the normalizer when the recipe's numbers changed.
  void prepare_normalizer(const Preprocessing& recipe) {
    if (prepared && recipe.scaling_factor == scaling_factor && recipe.normalization == normalization) return;
    prepared = false;
    build_normalizer(recipe, normalizer);
    scaling_factor = recipe.scaling_factor;
    normalization = recipe.normalization;
    prepared = true;
  }

  ImageView enhance(const ImageView& image, const Preprocessing& recipe) {
    if (!recipe.grayscale && !recipe.contrast) return image;
    return image.type == PixelType::u8 ? vision::enhance(image, recipe, bytes, scratch)
                                       : vision::enhance(image, recipe, floats, scratch);
  }

  void resize(const ImageView& image, const Preprocessing& recipe, const Canvas& canvas) {
    const auto antialias = torch_filter(recipe.resampling);
    if (image.type == PixelType::f32) {
      float_path.run(image, recipe, canvas);
    } else if (antialias && image.size == canvas.resized()) {
      linear_path.run(image.crop(canvas.kept()), canvas);  // takes the pixels unchanged
    } else if (antialias) {
      antialias_path.run(image, *antialias, canvas);
    } else if (recipe.resampling == Resampling::pillow_bilinear) {
      pillow_path.run(image, canvas);
    } else {
      linear_path.run(image, canvas);
    }
  }

  bool prepared = false;
  std::optional<float> scaling_factor;
  std::optional<Normalization> normalization;
  Normalizer normalizer;
  LinearPath linear_path;
  PillowPath pillow_path;
  AntialiasPath antialias_path;
  FloatPath float_path;
  std::vector<std::uint8_t> bytes;
  std::vector<float> floats;
  ContrastScratch scratch;
};

PreprocessWorkspace::PreprocessWorkspace() : impl_(std::make_unique<Impl>()) {}
PreprocessWorkspace::~PreprocessWorkspace() = default;
PreprocessWorkspace::PreprocessWorkspace(PreprocessWorkspace&&) noexcept = default;
PreprocessWorkspace& PreprocessWorkspace::operator=(PreprocessWorkspace&&) noexcept = default;

PreprocessingMetadata preprocess(const ImageView& image, const Preprocessing& recipe, std::span<float> chw,
                                 PreprocessWorkspace& workspace) {
  image.validate();
  const Placement placement = place(recipe, image.size);
  require_room(placement, chw);
  PreprocessWorkspace::Impl& impl = workspace.impl();
  impl.prepare_normalizer(recipe);
  const ImageView source = impl.enhance(image.crop(placement.metadata.static_crop), recipe).crop(placement.window);
  const Canvas canvas(chw, placement, impl.normalizer, must_swap(source.format, recipe),
                      source.format == PixelFormat::gray);
  canvas.fill_padding({normalize(placement.padding, recipe, 0), normalize(placement.padding, recipe, 1),
                       normalize(placement.padding, recipe, 2)});
  impl.resize(source, recipe, canvas);
  return placement.metadata;
}

std::string_view simd_target() noexcept { return kernel_target(); }

}  // namespace inference_exp::vision
