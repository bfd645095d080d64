EXTRA_DIST += %D%/README.md %D%/fetch.sh %D%/digits.py %D%/text.yaml %D%/digits.yaml

# By hand: fetches training data and trains the two transformers that are committed in src/model/embedded.
models: rescore$(EXEEXT)
	$(srcdir)/models/fetch.sh models
	./rescore$(EXEEXT) train $(srcdir)/models/digits.yaml -o models/digits.h5 -j 1 \
	    --set workload.images=models/mnist-images.idx --set workload.labels=models/mnist-labels.idx
	./rescore$(EXEEXT) train $(srcdir)/models/text.yaml -o models/text.h5 -j 1 --set workload.text=models/bible-kjv.txt
.PHONY: models
