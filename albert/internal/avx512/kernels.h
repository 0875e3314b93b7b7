// The kernels of a transformer layer on processors with AVX-512 VNNI. All
// matrices are row-major; nothing need be aligned, nothing may overlap.
#include <stdint.h>

// What avx512_linear does to its result.
enum { PLAIN, RELU, GELU, GELU_TANH };

// avx512_quantize rounds each row of x, [rows, k], to bytes: counted from 128
// in steps of 1/127 of its largest magnitude, or if floor is not null from
// *floor in steps of 1/255 of its range. Before that it is multiplied by scale,
// [k], if that is not null. k is a multiple of 16. steps, [rows], gets the
// steps.
void avx512_quantize(const float *x, const float *scale, const float *floor, uint8_t *q, float *steps, int64_t rows, int64_t k);

// avx512_linear computes act(steps·(q·w + start)·scale + bias), [rows, n]: q,
// [rows, k], are bytes, w packed weights. n is a multiple of 64, k of 4; start,
// scale and bias are [n].
void avx512_linear(const uint8_t *q, const float *steps, const int8_t *w, const int32_t *start, const float *scale,
                   const float *bias, float *out, int64_t rows, int64_t k, int64_t n, int act);

// avx512_product computes a·b + bias in floating point, [rows, n]: a is [rows,
// k], b [k, n]. n is a multiple of 16. bias, [n], may be null.
void avx512_product(const float *a, const float *b, const float *bias, float *out, int64_t rows, int64_t k, int64_t n);

// avx512_normalize replaces each row of x, [rows, n], by the layer
// normalisation of its sum with the row of y, which may be null. n is a multiple
// of 16.
void avx512_normalize(float *x, const float *y, const float *weight, const float *bias, float epsilon, int64_t rows, int64_t n);

// avx512_attention computes the attention of one sequence over itself: qkv is
// [rows, 3·heads·size], queries, keys and values side by side, out [rows,
// heads·size]. size is a multiple of 16. work has room for
// avx512_attention_work numbers.
void avx512_attention(const float *qkv, float *out, float *work, int64_t rows, int64_t heads, int64_t size);
int64_t avx512_attention_work(int64_t rows, int64_t size);
