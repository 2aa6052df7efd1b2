/* A running sum; "wrong" is the first word that was no number. */
struct sum {
    long total;
    const char *wrong;
};

void sum_add(struct sum *sum, const char *word);
struct sum sum_words(char **words, int count);
