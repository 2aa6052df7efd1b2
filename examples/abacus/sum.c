#include "sum.h"

#include <stddef.h>
#include <stdlib.h>

void sum_add(struct sum *sum, const char *word)
{
    char *end;
    long number = strtol(word, &end, 10);

    if (*word == '\0' || *end != '\0')
        sum->wrong = word;
    else
        sum->total += number;
}

struct sum sum_words(char **words, int count)
{
    struct sum sum = { 0, NULL };

    for (int i = 0; i < count && sum.wrong == NULL; i++)
        sum_add(&sum, words[i]);
    return sum;
}
