/* Masks from C: dense ones, run lengths, and that both are the same. Silent when all is well.
 *   segmenter MODEL */
#include "check.h"

static inference_exp_predictions* infer(const inference_exp_model* model, const inference_exp_image* image,
                                        int32_t mask_format) {
  inference_exp_inference_options options;
  inference_exp_predictions* predictions = NULL;
  inference_exp_error* error = NULL;
  inference_exp_inference_options_init(&options, sizeof options);
  options.mask_format = mask_format;
  expect_ok(inference_exp_infer(model, image, 1, &options, &predictions, &error), error);
  return predictions;
}

static void expect_masks_have_the_size_of_the_picture(const inference_exp_predictions* predictions) {
  expect(inference_exp_predictions_mask_width(predictions, 0) == SIDE, "masks are as wide as the picture");
  expect(inference_exp_predictions_mask_height(predictions, 0) == SIDE, "masks are as high as the picture");
}

static void expect_the_middle_of_the_disc_is_set(const uint8_t* mask) {
  expect(mask[140 * SIDE + 120] == 1, "the middle of the disc belongs to it");
  expect(mask[0] == 0, "the corner does not");
}

int main(int argc, char** argv) {
  inference_exp_model* model = NULL;
  inference_exp_error* error = NULL;
  uint8_t* pixels = red_disc();
  uint8_t* decoded = malloc((size_t)SIDE * SIDE);
  const inference_exp_image image = image_of(pixels);
  inference_exp_predictions* dense;
  inference_exp_predictions* runs;
  const char* counts;
  if (argc != 2 || decoded == NULL) return 2;
  expect_ok(inference_exp_model_load(argv[1], NULL, &model, &error), error);
  expect(strcmp(inference_exp_model_task(model), "instance-segmentation") == 0, "the task");
  dense = infer(model, &image, INFERENCE_EXP_MASKS_DENSE);
  runs = infer(model, &image, INFERENCE_EXP_MASKS_RLE);
  inference_exp_model_free(model);
  free(pixels);

  expect(inference_exp_predictions_mask_format(dense, 0) == INFERENCE_EXP_MASKS_DENSE, "dense masks were asked for");
  expect(inference_exp_predictions_mask_format(runs, 0) == INFERENCE_EXP_MASKS_RLE, "run lengths were asked for");
  expect_masks_have_the_size_of_the_picture(dense);
  expect_masks_have_the_size_of_the_picture(runs);
  expect(inference_exp_predictions_mask_rle(dense, 0, 0) == NULL, "dense masks have no run lengths");
  expect(inference_exp_predictions_masks(runs, 0) == NULL, "run lengths have no dense masks");
  expect(inference_exp_predictions_mask_rle(runs, 0, inference_exp_predictions_count(runs, 0)) == NULL,
         "beyond the last row are no run lengths");

  counts = inference_exp_predictions_mask_rle(runs, 0, 0);
  if (counts == NULL || inference_exp_predictions_masks(dense, 0) == NULL) {
    expect(0, "the disc has a mask");
    return complaints;
  }
  expect_ok(inference_exp_decode_rle(counts, SIDE, SIDE, decoded, (size_t)SIDE * SIDE, &error), error);
  expect_the_middle_of_the_disc_is_set(decoded);
  expect(memcmp(decoded, inference_exp_predictions_masks(dense, 0), (size_t)SIDE * SIDE) == 0,
         "both formats are the same mask");
  expect(inference_exp_decode_rle(counts, SIDE, SIDE, decoded, SIDE, NULL) == INFERENCE_EXP_ERROR_INVALID_PARAMETER,
         "a mask that is too small is refused");
  expect(inference_exp_decode_rle("?", SIDE, SIDE, decoded, (size_t)SIDE * SIDE, NULL) ==
             INFERENCE_EXP_ERROR_INVALID_PARAMETER,
         "what is no run length is refused");
  inference_exp_predictions_free(dense);
  inference_exp_predictions_free(runs);
  free(decoded);
  return complaints;
}
