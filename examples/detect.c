/* Finds objects in a picture, in C.
 *   detect_c MODEL [PICTURE.ppm]
 * The picture is a binary PPM file without comments. Without one it makes one: a red disc on white. */
#include <inference_exp.h>
#include <stdio.h>
#include <stdlib.h>

/* Says what went wrong and what to do; frees the error. */
static int fail(inference_exp_error* error) {
  fprintf(stderr, "%s: %s\n%s\n", inference_exp_error_name(error), inference_exp_error_message(error),
          inference_exp_error_hint(error));
  inference_exp_error_free(error);
  return 1;
}

/* RGB without padding, freed by the caller; NULL for a file that is no such picture. */
static unsigned char* read_ppm(const char* path, int* width, int* height) {
  FILE* file = fopen(path, "rb");
  unsigned char* pixels = NULL;
  int maximum = 0;
  if (file == NULL) return NULL;
  if (fscanf(file, "P6 %5d %5d %3d", width, height, &maximum) == 3 && maximum == 255 && *width > 0 && *height > 0 &&
      fgetc(file) != EOF) {
    const size_t size = (size_t)*width * (size_t)*height * 3;
    pixels = malloc(size);
    if (pixels != NULL && fread(pixels, 1, size, file) != size) {
      free(pixels);
      pixels = NULL;
    }
  }
  fclose(file);
  return pixels;
}

static unsigned char* red_disc(int* width, int* height) {
  enum { SIDE = 320, RADIUS = 80 };
  unsigned char* pixels = malloc((size_t)SIDE * SIDE * 3);
  unsigned char* next = pixels;
  int x, y;
  if (pixels == NULL) return NULL;
  for (y = -SIDE / 2; y < SIDE / 2; ++y) {
    for (x = -SIDE / 2; x < SIDE / 2; ++x, next += 3) {
      const int is_red = x * x + y * y < RADIUS * RADIUS;
      next[0] = is_red ? 220 : 255;
      next[1] = next[2] = is_red ? 20 : 255;
    }
  }
  *width = *height = SIDE;
  return pixels;
}

static void print_found(const inference_exp_predictions* found) {
  const int32_t* boxes = inference_exp_predictions_xyxy(found, 0);
  const float* confidence = inference_exp_predictions_confidence(found, 0);
  const size_t count = inference_exp_predictions_count(found, 0);
  size_t i;
  for (i = 0; i < count; ++i) {
    const int32_t* box = boxes + 4 * i;
    const char* name = inference_exp_predictions_class_name(found, 0, i);
    printf("%s %.2f at %d,%d to %d,%d\n", name != NULL ? name : "?", confidence[i], (int)box[0], (int)box[1],
           (int)box[2], (int)box[3]);
  }
  printf("%u objects\n", (unsigned)count);
}

/* Opens the model, looks at one picture. */
static int detect(const char* path, const inference_exp_image* image) {
  inference_exp_model* model = NULL;
  inference_exp_predictions* found = NULL;
  inference_exp_error* error = NULL;
  inference_exp_inference_options options;
  if (inference_exp_model_load(path, NULL, &model, &error) != INFERENCE_EXP_OK) return fail(error);

  inference_exp_inference_options_init(&options, sizeof options);
  options.confidence = 0.5;
  inference_exp_infer(model, image, 1, &options, &found, &error);
  inference_exp_model_free(model); /* results do not need it */
  if (error != NULL) return fail(error);

  print_found(found);
  inference_exp_predictions_free(found);
  return 0;
}

int main(int argc, char** argv) {
  inference_exp_image image = {0};
  unsigned char* pixels;
  int width = 0, height = 0, result;
  if (argc < 2) {
    fprintf(stderr, "usage: detect_c MODEL [PICTURE.ppm]\n");
    return 2;
  }
  pixels = argc > 2 ? read_ppm(argv[2], &width, &height) : red_disc(&width, &height);
  if (pixels == NULL) {
    fprintf(stderr, "there is no picture: a binary PPM file of 8 bits is read\n");
    return 1;
  }
  image.struct_size = sizeof image;
  image.data = pixels;
  image.width = width;
  image.height = height;
  image.format = INFERENCE_EXP_FORMAT_RGB;
  result = detect(argv[1], &image);
  free(pixels);
  return result;
}
