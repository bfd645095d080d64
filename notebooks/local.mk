EXTRA_DIST += %D%/README.md %D%/figure.sh %D%/first_look.ipynb
