// print: values to text, the shortest that reads back the same. No locale, no allocation.
#pragma once
#include <racimo.h>

enum { PRINT_ROOM = 32 };                               // bytes that each function may write; no NUL at the end

size_t print_i64 (char *to, int64_t value);
size_t print_f64 (char *to, double value);              // 0.1, 1e+300, -0, inf, -inf, nan: as doc/semantics.md says
size_t print_decimal (char *to, int64_t value, uint32_t digits);   // exactly `digits` places behind the point; no point if 0
size_t print_time (char *to, int64_t us);               // 2024-01-31T10:20:30Z, with .fraction only if there is one; outside the years
                                                        // 0001 to 9999 the number of microseconds
size_t print_value (char *to, rac_type type, const rac_column *column, uint32_t row);   // any type but RAC_BYTES; missing: 0 bytes
