/* abacus: add the numbers on its command line; with none, those on standard input. */
#include "sum.h"

#include <stdio.h>

static int report(struct sum sum)
{
    if (sum.wrong != NULL) {
        fprintf(stderr, "abacus: not a number: %s\n", sum.wrong);
        return 1;
    }
    printf("%ld\n", sum.total);
    return 0;
}

int main(int count, char **words)
{
    char word[64];
    struct sum sum = { 0, NULL };

    if (count > 1)
        return report(sum_words(words + 1, count - 1));
    while (sum.wrong == NULL && scanf("%63s", word) == 1)
        sum_add(&sum, word);
    return report(sum);
}
