// Silent when all is well; says what is not otherwise.
#include <inference_exp/auto_model.hpp>
#include <inference_exp/environment.hpp>
#include <inference_exp/errors.hpp>
#include <inference_exp/image_view.hpp>
#include <inference_exp/version.hpp>
#include <iostream>
#include <string_view>
#include <vector>

namespace {

int complaints = 0;

void expect(bool condition, std::string_view what) {
  if (condition) return;
  std::cerr << "not as expected: " << what << '\n';
  ++complaints;
}

// The parameter is unused on purpose: the library must not turn a user's warnings into errors.
void expect_a_picture_can_be_seen(int warning_of_the_user) {
  const std::vector<std::uint8_t> pixels(4 * 3 * 3);
  const auto view = inference_exp::ImageView::from_u8(pixels.data(), {4, 3}, inference_exp::PixelFormat::rgb);
  view.validate();
  expect(view.crop({1, 1, 2, 2}).size == inference_exp::Size{2, 2}, "a crop has the size asked for");
}

void expect_the_machine_is_described() {
  const auto environment = inference_exp::describe_environment();
  expect(environment.library_version == inference_exp::kVersion, "headers and library are of one version");
}

void expect_errors_arrive_as_what_they_are() {
  try {
    (void)inference_exp::AutoModel::from_pretrained("no/such/model.onnx");
    expect(false, "a missing model is an error");
  } catch (const inference_exp::ModelRetrievalError& error) {
    expect(error.name() == "ModelRetrievalError", "the error knows its name");
    expect(error.message().find("no/such/model.onnx") != std::string::npos, "the error names the path");
    expect(!error.hint().empty(), "the error says what to do");
  } catch (const inference_exp::Error& error) {
    std::cerr << error.name() << ": ";
    expect(false, error.what());
  }
}

}  // namespace

int main() {
  expect_a_picture_can_be_seen(0);
  expect_the_machine_is_described();
  expect_errors_arrive_as_what_they_are();
  return complaints;
}
