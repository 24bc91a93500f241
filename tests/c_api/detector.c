/* The C interface from C: opens the detector, looks at pictures, reads what was found. Silent when all is well.
 *   detector MODEL */
#include "check.h"

static inference_exp_predictions* infer(const inference_exp_model* model, const inference_exp_image* images,
                                        size_t count, const inference_exp_inference_options* options) {
  inference_exp_predictions* predictions = NULL;
  inference_exp_error* error = NULL;
  expect_ok(inference_exp_infer(model, images, count, options, &predictions, &error), error);
  return predictions;
}

static int same_boxes(const inference_exp_predictions* left, size_t i, const inference_exp_predictions* right,
                      size_t j) {
  const size_t count = inference_exp_predictions_count(left, i);
  return count == inference_exp_predictions_count(right, j) && count != 0 &&
         memcmp(inference_exp_predictions_xyxy(left, i), inference_exp_predictions_xyxy(right, j),
                count * 4 * sizeof(int32_t)) == 0 &&
         memcmp(inference_exp_predictions_confidence(left, i), inference_exp_predictions_confidence(right, j),
                count * sizeof(float)) == 0;
}

static void expect_the_model_tells_what_it_is(const inference_exp_model* model) {
  expect(strcmp(inference_exp_model_task(model), "object-detection") == 0, "the task");
  expect(strcmp(inference_exp_model_architecture(model), "yolov8") == 0, "the architecture");
  expect(strcmp(inference_exp_model_backend(model), "onnx") == 0, "the backend");
  expect(inference_exp_model_class_count(model) > 1, "there are classes");
  expect(inference_exp_model_class_name(model, 0) != NULL, "the first class has a name");
  expect(inference_exp_model_class_name(model, inference_exp_model_class_count(model)) == NULL,
         "beyond the last class is no name");
  expect(inference_exp_model_input_width(model) > 0 && inference_exp_model_input_height(model) > 0, "the input's size");
  expect(inference_exp_model_max_batch_size(model) >= 1, "the batch size");
  expect(inference_exp_model_dimension(model) == 0, "a detector has no vectors");
  expect(inference_exp_model_key_point_count(model, 0) == 0, "a detector has no key points");
}

static void expect_the_disc_is_found(const inference_exp_predictions* predictions, size_t image) {
  const int32_t* box = inference_exp_predictions_xyxy(predictions, image);
  expect(inference_exp_predictions_count(predictions, image) == 1, "one disc is found");
  if (box == NULL) {
    expect(0, "there is a box");
    return;
  }
  expect(abs(box[0] - 40) < 24 && abs(box[1] - 60) < 24 && abs(box[2] - 200) < 24 && abs(box[3] - 220) < 24,
         "the box is where the disc is");
  expect(inference_exp_predictions_confidence(predictions, image)[0] > 0.5F, "the detector is sure");
  expect(strcmp(inference_exp_predictions_class_name(predictions, image, 0), "circle") == 0, "it is a circle");
  expect(inference_exp_predictions_class_id(predictions, image)[0] >= 0, "the class has a number");
}

static void expect_nothing_else_is_there(const inference_exp_predictions* predictions) {
  expect(inference_exp_predictions_mask_format(predictions, 0) == INFERENCE_EXP_MASKS_NONE, "there are no masks");
  expect(inference_exp_predictions_masks(predictions, 0) == NULL, "no dense ones");
  expect(inference_exp_predictions_mask_rle(predictions, 0, 0) == NULL, "nor others");
  expect(inference_exp_predictions_key_points(predictions, 0) == NULL, "there are no key points");
  expect(inference_exp_predictions_count(predictions, 1) == 0, "there is no second image");
  expect(inference_exp_predictions_xyxy(predictions, 1) == NULL, "and no boxes of it");
  expect(inference_exp_predictions_class_name(predictions, 0, 7) == NULL, "there is no eighth row");
}

/* Top-down with padding, bottom-up, and without padding are one picture. */
static void expect_strides_do_not_matter(const inference_exp_model* model, const uint8_t* pixels) {
  uint8_t* flipped = malloc((size_t)SIDE * STRIDE);
  uint8_t* compact = malloc((size_t)SIDE * SIDE * 3);
  inference_exp_image images[3];
  inference_exp_predictions* predictions;
  size_t y;
  if (flipped == NULL || compact == NULL) exit(1);
  for (y = 0; y < SIDE; ++y) {
    memcpy(flipped + (SIDE - 1 - y) * STRIDE, pixels + y * STRIDE, STRIDE);
    memcpy(compact + y * SIDE * 3, pixels + y * STRIDE, SIDE * 3);
  }
  images[0] = image_of(pixels);
  images[1] = image_of(flipped + (size_t)(SIDE - 1) * STRIDE);
  images[1].row_stride = -STRIDE;
  images[2] = image_of(compact);
  images[2].row_stride = 0;
  predictions = infer(model, images, 3, NULL);
  free(flipped);
  free(compact);
  expect(inference_exp_predictions_image_count(predictions) == 3, "three images have three results");
  expect_the_disc_is_found(predictions, 0);
  expect(same_boxes(predictions, 0, predictions, 1), "a bottom-up picture is the same picture");
  expect(same_boxes(predictions, 0, predictions, 2), "a picture without padding is the same picture");
  inference_exp_predictions_free(predictions);
}

static void expect_options_are_heard(const inference_exp_model* model, const inference_exp_image* image) {
  inference_exp_inference_options options;
  inference_exp_stage_timings timings = {-1, -1, -1};
  inference_exp_predictions* predictions;
  inference_exp_error* error = NULL;
  inference_exp_inference_options_init(&options, sizeof options);
  options.confidence = 1;
  options.timings = &timings;
  predictions = infer(model, image, 1, &options);
  expect(inference_exp_predictions_count(predictions, 0) == 0, "nothing scores above 1");
  expect(timings.pre_process >= 0 && timings.run > 0 && timings.post_process >= 0, "the stages were timed");
  inference_exp_predictions_free(predictions);

  options.confidence = 1.5;
  predictions = (inference_exp_predictions*)&options;
  expect(inference_exp_infer(model, image, 1, &options, &predictions, &error) == INFERENCE_EXP_ERROR_INVALID_PARAMETER,
         "1.5 is no confidence");
  expect(predictions == NULL, "a failure has no predictions");
  expect(inference_exp_error_status(error) == INFERENCE_EXP_ERROR_INVALID_PARAMETER, "the error knows its status");
  expect(strcmp(inference_exp_error_name(error), "InvalidParameterError") == 0, "and its name");
  expect(strstr(inference_exp_error_message(error), "confidence") != NULL, "the message names the option");
  expect(inference_exp_error_hint(error)[0] != '\0', "there is a hint");
  expect(strstr(inference_exp_error_help_page(error), "invalid_parameter_error") != NULL, "there is a page");
  inference_exp_error_free(error);
}

static void expect_json(const inference_exp_predictions* predictions) {
  char* json = NULL;
  inference_exp_error* error = NULL;
  expect_ok(inference_exp_predictions_to_json(predictions, 0, &json, &error), error);
  expect(strstr(json, "\"class\":\"circle\"") != NULL, "the result can be written as JSON");
  inference_exp_string_free(json);
  expect(inference_exp_predictions_to_json(predictions, 1, &json, NULL) == INFERENCE_EXP_ERROR_INVALID_PARAMETER,
         "there is no second image to write");
  expect(json == NULL, "a failure has no text");
}

static void expect_null_is_survived(const inference_exp_model* model, const inference_exp_image* image) {
  inference_exp_model* opened = NULL;
  inference_exp_predictions* predictions = NULL;
  inference_exp_error* error = NULL;
  inference_exp_model_free(NULL);
  inference_exp_predictions_free(NULL);
  inference_exp_embeddings_free(NULL);
  inference_exp_error_free(NULL);
  inference_exp_string_free(NULL);
  inference_exp_load_options_init(NULL, 0);
  expect(inference_exp_error_name(NULL)[0] == '\0', "no error has no name");
  expect(inference_exp_model_load(NULL, NULL, &opened, NULL) == INFERENCE_EXP_ERROR_INVALID_PARAMETER, "no path");
  expect(inference_exp_model_load("there is no such model.onnx", NULL, NULL, NULL) ==
             INFERENCE_EXP_ERROR_INVALID_PARAMETER,
         "no place for a model");
  expect(inference_exp_infer(NULL, image, 1, NULL, &predictions, &error) == INFERENCE_EXP_ERROR_INVALID_PARAMETER,
         "no model");
  expect(strstr(inference_exp_error_message(error), "model") != NULL, "the error names what is NULL");
  inference_exp_error_free(error);
  expect(inference_exp_infer(model, NULL, 1, NULL, &predictions, NULL) == INFERENCE_EXP_ERROR_INVALID_PARAMETER,
         "no images");
  expect(inference_exp_infer(model, image, 1, NULL, NULL, NULL) == INFERENCE_EXP_ERROR_INVALID_PARAMETER,
         "no place for predictions");
}

int main(int argc, char** argv) {
  inference_exp_model* model = NULL;
  inference_exp_error* error = NULL;
  uint8_t* pixels = red_disc();
  const inference_exp_image image = image_of(pixels);
  inference_exp_predictions* predictions;
  if (argc != 2) return 2;
  expect(inference_exp_c_api_version() == INFERENCE_EXP_C_API_VERSION, "header and library are of one version");
  expect_ok(inference_exp_model_load(argv[1], NULL, &model, &error), error);
  expect_the_model_tells_what_it_is(model);
  expect_strides_do_not_matter(model, pixels);
  expect_options_are_heard(model, &image);
  expect_null_is_survived(model, &image);

  /* Results need neither the model nor the picture. */
  predictions = infer(model, &image, 1, NULL);
  inference_exp_model_free(model);
  free(pixels);
  expect_the_disc_is_found(predictions, 0);
  expect_nothing_else_is_there(predictions);
  expect_json(predictions);
  inference_exp_predictions_free(predictions);
  return complaints;
}
